const http = require('http');

// Stands for a computation of 2.5 s, without heating a CPU.
function calculate() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
}

http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  if (request.method === 'POST') {
    response.writeHead(202);
    response.on('finish', () => setImmediate(calculate));
  }
  response.end('ok\n');
}).listen(3000, '127.0.0.1');
