const http = require('http');

const server = http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end('ok\n');
});
server.on('clientError', (error, socket) => {
  console.error(`not HTTP: ${error.code}`);
  socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
});
server.listen(3000, '127.0.0.1');
