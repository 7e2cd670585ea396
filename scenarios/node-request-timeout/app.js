const http = require('http');

const server = http.createServer({ requestTimeout: 700, connectionsCheckingInterval: 100 }, (request, response) => {
  console.log(`upload of ${request.headers['content-length']} bytes begins`);
  request.resume();
  request.on('end', () => {
    response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
    response.end('ok\n');
  });
});
server.listen(3000, '127.0.0.1');
