<?php
header('Content-Type: text/plain');
header('X-Lab-Trial: ' . getenv('LAB_TRIAL'));
if ($_SERVER['REQUEST_URI'] === '/import') {
    echo "ok\n";
    fastcgi_finish_request(); // the client has its answer, and the work goes on
    ignore_user_abort(true);
    sleep(1);
    exit;
}
echo "ok\n";
