const dns = require('dns');
const http = require('http');

dns.setDefaultResultOrder('ipv4first');

http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end('ok\n');
}).listen(3000, 'localhost');
