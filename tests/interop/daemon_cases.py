# SPDX-License-Identifier: Apache-2.0
"""s2s-gateway as a daemon beside strongSwan: reload with the smallest change, a polite end, kill -9, what it must refuse, changes
over the control socket, and a route that covers the peer itself. The wire is checked in every case."""
import copy
import os
import stat

from cases import expect
from gateway import Gateway
from gateway_cases import FIRST, NO_IKE, PSK, UP, Pair, check_wire, merge, needs, our_config, peer_config
from lab import wait_until
from network_cases import pinged
from strongswan import StrongSwan
from topology import INNER, Ground

SECOND = "10.3.0.0/24"


def installed(ground):
    """Rules, routes of all tables, devices and addresses of our side: what a gateway must not leave behind."""
    words = [("rule",), ("route", "show", "table", "all"), ("-6", "rule"), ("-6", "route", "show", "table", "all"), ("-o", "link"),
             ("-o", "addr")]
    # ip complains aside when another lab's namespace goes just now.
    return {" ".join(command): ground.run("gw-a", "sh", "-c", 'ip "$@" 2>/dev/null', "ip", *command) for command in words}


def same_installed(ground, before, when):
    """Fails when anything differs."""
    after = installed(ground)
    for command, text in before.items():
        expect(after[command] == text, "%s, ip %s has: %s" % (when, command, sorted(
            set(after[command].splitlines()) ^ set(text.splitlines()))))


def spis(gateway, connection):
    """The SPIs of a tunnel."""
    negotiated = gateway.tunnel(connection)["negotiated"]
    ike, ipsec = negotiated.get("ike", {}), negotiated.get("ipsec", {})
    return ike.get("spi_initiator"), ipsec.get("spi_in"), ipsec.get("spi_out")


def renewed(gateway, connection, old):
    """Whether a tunnel is up with SAs that are all others than the old ones."""
    return gateway.tunnel(connection)["status"] == UP and all(a and a != b for a, b in zip(spis(gateway, connection), old))


def _two_connections():
    """The usual one, and a second to a further network with identities of its own."""
    config = our_config(FIRST, "initiator")
    second = copy.deepcopy(config["connections"][0])
    second.update(name="more", remote_subnets=[SECOND])
    second["tunnels"][0]["ike"].update(local_id="more.left.example", remote_id="more.right.example")
    config["connections"].append(second)
    theirs = peer_config(FIRST)
    theirs["more"] = merge(theirs["net"], {"local": {"id": "more.right.example"}, "remote": {"id": "more.left.example"}})
    theirs["more"]["children"] = {"more": dict(theirs["net"]["children"]["net"], local_ts=SECOND)}
    return config, theirs


def _secrets(second=PSK):
    return {"ike-1": {"secret": '"%s"' % PSK}, "ike-2": {"secret": '"%s"' % second, "id-1": "more.left.example",
                                                         "id-2": "more.right.example"}}


def reload(program, folder):
    """SIGHUP: a changed PSK renews its own tunnel alone; the same file or a wrong one changes nothing; what is gone goes."""
    with Ground("reload", folder) as ground:
        config, theirs = _two_connections()
        # kernel-libipsec wants an address of its own inside each network that it protects.
        ground.run("gw-b", "ip", "address", "add", "10.3.0.1/24", "dev", "inner")
        peer = StrongSwan(ground, "gw-b")
        peer.load(theirs, _secrets())
        before = installed(ground)
        gateway = Gateway(ground, "gw-a", program, config).start()
        expect(wait_until(lambda: all(gateway.tunnel(name)["status"] == UP for name in ("net", "more")), 10), gateway.log()[-400:])
        ping = ground.across("a", interval=0.05)
        first, second = spis(gateway, "net"), spis(gateway, "more")

        gateway.reload(config)
        expect(wait_until(lambda: gateway.log().count("was read again") == 1, 5), "no reload")
        expect((spis(gateway, "net"), spis(gateway, "more")) == (first, second), "the same file changed SAs")

        config["connections"][1]["tunnels"][0]["psk"] = "Another-key-1"
        peer.load(theirs, _secrets("Another-key-1"))
        gateway.reload(config)
        expect(wait_until(lambda: renewed(gateway, "more", second), 15),
               "the changed PSK renewed nothing: " + gateway.log()[-300:])
        expect(spis(gateway, "net") == first, "the other connection's SAs changed")

        wrong = copy.deepcopy(config)
        wrong["connections"][0]["remote_subnets"] = [INNER["a"]]
        gateway.reload(wrong)
        expect(wait_until(lambda: "was not taken" in gateway.log(), 5), "a wrong file was taken")
        expect("connections[0].remote_subnets" in gateway.log(), "the path of the fault is not said")
        expect(spis(gateway, "net") == first, "a wrong file changed SAs")

        del config["connections"][1]
        gateway.reload(config)
        expect(wait_until(lambda: len(peer.established()) == 1, 10), "%d IKE_SAs are left" % len(peer.established()))
        expect(spis(gateway, "net") == first, "the other connection's SAs changed")
        expect(wait_until(lambda: SECOND not in installed(ground)["route show table all"], 5), "a route of what is gone is left")
        sent, received = ping.finish()
        expect(received >= sent - 1, "%d of %d pings answered under reloads" % (received, sent))
        expect(gateway.stop() == 0, gateway.log()[-300:])
        same_installed(ground, before, "after the end")
        check_wire(ground, received)


def farewell(program, role, folder):
    """SIGTERM: DELETE, and nothing is left: no route, rule, address, device."""
    with Ground("farewell", folder) as ground:
        before = installed(ground)
        pair = Pair(ground, program, FIRST, role)
        pair.up()
        received = pinged(ground)
        expect(pair.ours.stop() == 0, pair.ours.log()[-300:])
        expect(wait_until(lambda: "received DELETE for IKE_SA" in pair.peer.log(), 5), "no DELETE came")
        expect(wait_until(lambda: not pair.peer.sas(), 5), "strongSwan keeps SAs")
        same_installed(ground, before, "after SIGTERM")
        expect(not os.path.exists(pair.ours.socket), "the control socket is left")
        check_wire(ground, received)


def killed(program, folder):
    """kill -9: fail-closed routes stay, nothing leaks by the default route; a new start adopts them; the end leaves nothing."""
    with Ground("killed", folder) as ground:
        before = installed(ground)
        pair = Pair(ground, program, FIRST, "initiator")
        pair.up()
        received = pinged(ground)
        ping = ground.across("a", interval=0.05)
        expect(wait_until(lambda: len(ping.replies()) >= 5, 5), "no reply")
        pair.ours.kill()
        left = installed(ground)["route show table all"]
        expect("unreachable " + INNER["b"] in left, "no fail-closed route: " + left)
        expect(all("dev s2s" not in line for line in left.splitlines()), "a route by a device that is gone: " + left)
        sent, again = ground.across("a", count=10).finish()
        expect(again == 0, "%d of %d pings answered without a gateway" % (again, sent))
        pair.ours.start()
        expect(wait_until(lambda: pair.status() == UP, 15), "our status is " + pair.status())
        count = len(ping.replies())
        expect(wait_until(lambda: len(ping.replies()) > count + 5, 10), "no reply after the new start")
        ping.finish()
        left = installed(ground)["route show table all"]
        expect(left.count("unreachable " + INNER["b"]) == 1, "fail-closed routes: " + left)
        expect(pair.ours.stop() == 0, pair.ours.log()[-300:])
        same_installed(ground, before, "after the end")
        check_wire(ground, received)


def port_in_use(program, folder):
    """Somebody has UDP 500: said, nothing half-installed; when it is free again we come up by ourselves."""
    with Ground("port", folder) as ground:
        before = installed(ground)
        other = ground.start("gw-a", "python3", "-c", "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
                             "s.bind(('', 500)); print('bound', flush=True); time.sleep(600)")
        expect(wait_until(lambda: "bound" in other.output(), 10), other.output())
        pair = Pair(ground, program, FIRST, "initiator")
        expect(wait_until(lambda: "already in use" in _said(pair.ours), 5), "not said: " + pair.ours.log()[-400:])
        expect(pair.status() == NO_IKE, "our status is " + pair.status())
        expect("already in use" in pair.ours.tunnel("net")["last_error"], "the status does not say it")
        _only_fail_closed(ground, before)
        other.stop()
        expect(wait_until(lambda: pair.status() == UP, 40, 0.3), "not up when the port is free: " + pair.ours.log()[-400:])
        received = pinged(ground)
        expect(pair.ours.stop() == 0, pair.ours.log()[-300:])
        same_installed(ground, before, "after the end")
        check_wire(ground, received)


def _said(gateway):
    """What an operator reads: the lines that are not for finding bugs."""
    return "\n".join(line for line in gateway.log().splitlines() if " debug " not in line)


def _only_fail_closed(ground, before):
    """A gateway that cannot work holds nothing but what keeps its networks from leaking."""
    now = installed(ground)
    extra = [line for line in now["route show table all"].splitlines()
             if line not in before["route show table all"].splitlines() and " dev s2s" in line and "unreachable" not in line
             and " table local " not in line and INNER["b"] in line]
    expect(not extra, "half-installed: %s" % extra)


def no_tun(program, folder):
    """/dev/net/tun is missing: said, nothing half-installed, and nothing leaks."""
    with Ground("notun", folder) as ground:
        before = installed(ground)
        gateway = Gateway(ground, "gw-a", "sh", our_config(FIRST, "initiator"))
        # A mount namespace belongs to each process that ip netns exec starts.
        gateway.program = _wrapper(gateway.folder, "mount -t tmpfs none /dev/net", program)
        gateway.start()
        expect(wait_until(lambda: "/dev/net/tun" in _said(gateway), 5), "not said: " + gateway.log()[-400:])
        expect("/dev/net/tun" in gateway.tunnel("net")["last_error"] or "/dev/net/tun" in str(gateway.status()), "the status does not say it")
        expect(gateway.tunnel("net")["status"] != UP, "up without a device")
        expect(ground.across("a", count=5).finish()[1] == 0, "a ping got through")
        expect(gateway.stop() == 0, gateway.log()[-300:])
        same_installed(ground, before, "after the end")
        check_wire(ground)


def _wrapper(folder, first, program):
    path = os.path.join(folder, "wrapped")
    with open(path, "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\n%s\nexec "%s" "$@"\n' % (first, program))
    os.chmod(path, 0o755)
    return path


# name: (mode of the file or None when there is none, words that must be said)
PSK_FILES = {
    "missing": (None, "No such file"),
    "world-readable": (0o644, "others"),
    "empty": (0o600, "empty"),
}


def psk_file(program, name, folder):
    """A PSK file that cannot be used: --check says it with its path, the daemon ends and has installed nothing."""
    mode, word = PSK_FILES[name]
    with Ground("psk", folder) as ground:
        before = installed(ground)
        config = our_config(FIRST, "initiator")
        tunnel = config["connections"][0]["tunnels"][0]
        del tunnel["psk"]
        gateway = Gateway(ground, "gw-a", program, config)
        tunnel["psk_file"] = os.path.join(gateway.folder, "psk")
        if mode is not None:
            with open(tunnel["psk_file"], "w", encoding="utf-8") as file:
                file.write("" if name == "empty" else PSK + "\n")
            os.chmod(tunnel["psk_file"], mode)
        gateway.write(config)
        good, output = gateway.check()
        expect(not good and "connections[0].tunnels[0].psk_file" in output and word in output, output)
        process = ground.start("gw-a", program, "--config", gateway.path)
        expect(wait_until(lambda: not process.alive(), 10) and process.popen.returncode == 2, "it runs: " + process.output())
        expect("connections[0].tunnels[0].psk_file" in process.output() and PSK not in process.output(), process.output())
        same_installed(ground, before, "after the refusal")
        check_wire(ground)


def control(program, folder):
    """PATCH of a PSK really renegotiates and fails, and only the old one brings the tunnel back; a wrong value is refused with
    path and rule; restart renews; nobody reads a secret; nobody else may connect."""
    with Ground("control", folder) as ground:
        pair = Pair(ground, program, FIRST, "initiator")
        pair.up()
        received = pinged(ground)
        code, body = pair.ours.patch_tunnel("net", 1, {"psk": "A-wrong-key-7"})
        expect(code == 200 and isinstance(body, dict), "PATCH gave %s %s" % (code, body))
        expect("A-wrong-key-7" not in str(body) and PSK not in str(pair.ours.status()), "a secret is shown")
        expect(wait_until(lambda: pair.peer.received("AUTH_FAILED") + pair.peer.log().count("N(AUTH_FAILED)"), 10), "no AUTH_FAILED")
        expect(wait_until(lambda: pair.status() == NO_IKE, 5), "our status is " + pair.status())
        expect(ground.across("a", count=5).finish()[1] == 0, "a ping got through")
        code, body = pair.ours.patch_tunnel("net", 1, {"psk": PSK})
        expect(code == 200, "PATCH gave %s %s" % (code, body))
        expect(wait_until(lambda: pair.status() == UP, 15), "our status is " + pair.status())
        received += pinged(ground)
        held = spis(pair.ours, "net")
        for patch, path in (({"dpd": {"delay": 0}}, "dpd.delay"), ({"no_such": 1}, "no_such"), ({"psk": 7}, "psk")):
            code, body = pair.ours.patch_tunnel("net", 1, patch)
            expect(code == 400 and path in str(body), "PATCH %s gave %s %s" % (patch, code, body))
        expect(pair.ours.patch_tunnel("net", 2, {})[0] == 404 and pair.ours.patch_tunnel("no", 1, {})[0] == 404, "a tunnel that is not there")
        expect(spis(pair.ours, "net") == held, "a refused PATCH changed SAs")
        expect(pair.ours.restart_tunnel("net")[0] == 200, "restart")
        expect(wait_until(lambda: renewed(pair.ours, "net", held), 15), "restart renewed nothing")
        received += pinged(ground)
        expect(stat.S_IMODE(os.stat(pair.ours.socket).st_mode) == 0o600, "the socket's mode")
        check_wire(ground, received)


def default_route(program, role, folder):
    """A route 0.0.0.0/0 through the tunnel covers the peer's outer address too: outer packets stay outside."""
    with Ground("default", folder) as ground:
        before = installed(ground)
        pair = Pair(ground, program, FIRST, role, theirs={"children": {"net": {"local_ts": "0.0.0.0/0"}}},
                    connection={"remote_subnets": ["0.0.0.0/0"]})
        pair.up()
        received = pinged(ground)
        # Whatever else the host asks for goes through the tunnel as well, and not out in clear.
        ground.run("gw-b", "ip", "route", "add", "blackhole", "192.0.2.0/24")
        other = ground.ping("host-a", "192.0.2.77", interval=0.1, count=5)
        tunnel = pair.ours.tunnel("net")["counters"]["packets_out"]
        other.finish()
        expect(pair.ours.tunnel("net")["counters"]["packets_out"] >= tunnel + 4, "another destination does not take the tunnel")
        held = spis(pair.ours, "net")
        expect(pair.ours.restart_tunnel("net")[0] == 200, "restart")
        expect(wait_until(lambda: spis(pair.ours, "net") != held, 10), "restart ends nothing")
        pair.initiate()
        expect(wait_until(lambda: renewed(pair.ours, "net", held), 15), "our status is " + pair.status())
        received += pinged(ground)
        pair.ours.kill()
        expect(ground.across("a", count=5).finish()[1] == 0, "a ping got through")
        pair.ours.start()
        if role == "responder":
            pair.peer.terminate("net", check=False)
        pair.initiate()
        expect(wait_until(lambda: pair.status() == UP, 15), "our status is " + pair.status())
        received += pinged(ground)
        expect(pair.ours.stop() == 0, pair.ours.log()[-300:])
        same_installed(ground, before, "after the end")
        check_wire(ground, received)


def cases(build):
    """(name, function of a folder)."""
    program = os.path.join(build, "examples", "s2s-gateway", "s2s-gateway")
    found = [("daemon_" + function.__name__, needs(program, function))
             for function in (reload, killed, port_in_use, no_tun, control)]
    found += [("daemon_psk_file_" + name, needs(program, psk_file, name)) for name in PSK_FILES]
    found += [("daemon_%s_%s" % (function.__name__, role), needs(program, function, role))
              for function in (farewell, default_route) for role in ("initiator", "responder")]
    return found
