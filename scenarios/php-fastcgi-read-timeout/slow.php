<?php
header('Content-Type: text/plain');
header('X-Lab-Trial: ' . getenv('LAB_TRIAL'));
usleep(1600000);
echo "ok\n";
