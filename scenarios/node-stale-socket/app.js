const http = require('http');

const server = http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end('ok\n');
});
// nginx's workers are not root: without writableAll connect() would be denied to them.
server.listen({ path: '/lab/run/app.sock', writableAll: true });
