import os

DATABASE = os.environ["DATABASE_URL"]


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [b"ok\n"]
