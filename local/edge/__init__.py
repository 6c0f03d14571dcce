"""The edge on one machine: a small proxy with the routes that CloudFront has on AWS.

/ws, /ws/*, /socket.io/*            a client's transport       choice.py
                                    its WebSocket              sockets.py
/webhooks/*, /api/*, /health        the HTTP API               requests.py
everything else                     the site, as it is built   site.py
"""
