<?php
header('Content-Type: text/plain');
header('X-Lab-Trial: ' . getenv('LAB_TRIAL'));
sleep(3);
echo "ok\n";
