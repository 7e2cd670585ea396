const http = require('http');

const server = http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end('ok\n');
});
// From its first moment nginx's workers may write to it; writableAll comes after the listen.
process.umask(0);
server.listen('/lab/run/app.sock');
