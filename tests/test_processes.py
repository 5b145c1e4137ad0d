import os
import subprocess
import sys

from playground import processes


def test_a_process_is_known_by_id_and_start_time():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = processes.start_time(child.pid)
    assert started
    assert processes.is_alive(child.pid, started)
    assert not processes.is_alive(child.pid, started + "0"), "the same id, another process"
    assert not processes.is_alive(None, started)
    assert not processes.kill(child.pid, started + "0")
    assert processes.kill(child.pid, started)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_alive(child.pid, started), "a zombie counts as ended"
    child.communicate()
    assert processes.start_time(child.pid) is None
    assert not processes.kill(child.pid, started)
