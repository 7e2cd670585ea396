const http = require('http');
const path = require('path');

// Each instance runs in a folder with its name.
const port = path.basename(__dirname) === 'second' ? 3001 : 3000;
const carts = new Map([['1', ['bread', 'tea']]]);

http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  const [, page, id] = request.url.split('/');
  if (page === 'cart') {
    const items = carts.get(id);
    response.end(`ok, ${items.length} items\n`);
    return;
  }
  response.end('ok\n');
}).listen(port, '127.0.0.1');
