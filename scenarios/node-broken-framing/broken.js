// Writes its answers by hand, and wrongly.
const net = require('net');

const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Lab-Trial: ${process.env.LAB_TRIAL}\r\n`;

net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (request) => {
    if (request.toString().startsWith('GET /chunks')) {
      socket.end(`${head}Transfer-Encoding: chunked\r\n\r\nok\r\n`);
    } else {
      socket.end(`${head}Content-Length: 3\r\n\r\nok\nand more\n`);
    }
  });
}).listen(3000, '127.0.0.1');
