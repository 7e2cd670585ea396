<?php
header('Content-Type: text/plain');
header('X-Lab-Trial: ' . getenv('LAB_TRIAL'));
$rows = str_repeat('x', 16 << 20);
echo "ok\n";
