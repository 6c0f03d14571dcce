// Runs in CloudFront for /socket.io/*. A WebSocket API has one path, its stage's: /ws.
function handler(event) {
  var request = event.request;
  request.uri = "/ws";
  return request;
}
