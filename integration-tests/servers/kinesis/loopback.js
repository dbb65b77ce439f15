// Makes a server that would listen everywhere listen on the loopback interface.
const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  const [first] = given;
  if (typeof first === 'object' && first !== null && first.port !== undefined) {
    given[0] = { ...first, host: '127.0.0.1' };
  } else if (given.length > 0 && /^\d+$/.test(String(first))) {
    const called = given.find((it) => typeof it === 'function');
    given = [{ port: Number(first), host: '127.0.0.1' }, ...(called ? [called] : [])];
  }
  return listen.apply(this, given);
};
