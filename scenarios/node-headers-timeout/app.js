const http = require('http');

const server = http.createServer({ connectionsCheckingInterval: 100 }, (request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end(request.socket.known ? 'ok, on a kept connection\n' : 'ok, on a new connection\n');
  request.socket.known = true;
});
server.headersTimeout = 500;
server.keepAliveTimeout = 30000;
server.listen(3000, '127.0.0.1');
