const http = require('http');

http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  const session = { user: 7, history: Array.from({ length: 300 }, (_, i) => `/article/${i}`) };
  response.setHeader('Set-Cookie', 'session=' + session.user);
  response.end('ok\n');
}).listen(3000, '127.0.0.1');
