const http = require('http');
const path = require('path');

// Each instance runs in a folder with its name.
const name = path.basename(__dirname);

http.createServer((request, response) => {
  console.log(`${name}: charged the card for ${request.method} ${request.url}`);
  request.user.receipts.push(request.url);
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  response.end('ok\n');
}).listen(name === 'second' ? 3001 : 3000, '127.0.0.1');
