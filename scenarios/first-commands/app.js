const http = require('http');

http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end('ok\n');
}).listen(3000, '127.0.0.1');
