import os
import signal


def application(environ, start_response):
    # Stands for whatever takes the whole process down: kill -9, a crash in native code.
    os.kill(os.getpid(), signal.SIGKILL)
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Lab-Trial", os.environ["LAB_TRIAL"])])
    return [b"ok\n"]
