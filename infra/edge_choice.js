// Runs in CloudFront for /ws, /ws/* and /socket.io/*: long polling goes to the HTTP API, WebSockets
// go to theirs, which has one path, its stage's. A WebSocket's handshake is a GET.
import cf from 'cloudfront';

function handler(event) {
  var request = event.request;
  var transport = request.querystring.transport;
  if (request.method === 'GET' && (!transport || transport.value === 'websocket')) {
    request.uri = '/ws';
    return request;
  }
  cf.selectRequestOriginById('HTTP_ORIGIN', { hostHeader: 'HTTP_HOST' });
  request.uri = '/socket.io/';
  return request;
}
