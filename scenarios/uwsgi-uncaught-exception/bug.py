import os

PRICES = {"apple": 2}


def application(environ, start_response):
    body = b"ok, %d\n" % PRICES["pear"]
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [body]
