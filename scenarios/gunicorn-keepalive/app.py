import os

last = None  # the port from which nginx's last request came


def application(environ, start_response):
    global last
    body = b"same connection\n" if environ["REMOTE_PORT"] == last else b"new connection\n"
    last = environ["REMOTE_PORT"]
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [body]
