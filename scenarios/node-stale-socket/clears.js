const http = require('http');
const fs = require('fs');

const server = http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end('ok\n');
});
// One app only has this path, so what lies there is a former run's.
fs.rmSync('/lab/run/app.sock', { force: true });
// From its first moment nginx's workers may write to it; writableAll comes after the listen.
process.umask(0);
server.listen('/lab/run/app.sock');
