const http = require('http');

const orders = Array.from({ length: 100 }, (_, i) => ({ id: 1000 + i, buyer: i === 60 ? null : 'Ann' }));

// The export is too long to be kept in memory, so nobody knows its length beforehand.
http.createServer((request, response) => {
  response.setHeader('X-Lab-Trial', process.env.LAB_TRIAL);
  let next = 0;
  const timer = setInterval(() => {
    for (const order of orders.slice(next, next + 20)) {
      response.write(`${order.id} ${(order.buyer || 'none').padEnd(4)}\n`);
    }
    next += 20;
    if (next === orders.length) {
      clearInterval(timer);
      response.end();
    }
  }, 10);
}).listen(3000, '127.0.0.1');
