const http = require('http');
const { setImmediate: others } = require('timers/promises');

// Stands for a computation of 2.5 s in 100 pieces, without heating a CPU. Between two
// pieces everything else has its turn.
async function calculate() {
  for (let piece = 0; piece < 100; piece++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    await others();
  }
}

http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  if (request.method === 'POST') {
    response.writeHead(202);
    response.on('finish', () => setImmediate(calculate));
  }
  response.end('ok\n');
}).listen(3000, '127.0.0.1');
