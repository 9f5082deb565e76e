# SPDX-License-Identifier: Apache-2.0
"""libs2svpn for Python: thin classes over the C objects, nothing hidden behind them.

    engine = Engine()                          one instance; gateways, connections, routes hang below it
    world = World(); node = world.gateway(..)  the in-memory internet of s2svpn/sim.h
    driver = Driver(engine, world.loop, node.kernel, events.append)

Parameter structs are filled from keyword arguments: text, numbers, lists; addresses and prefixes are written as text
("10.0.0.0/16"), algorithms by keyword ("aes256", "sha256"). What is left out takes the profile's default. A refusal
raises Refused with every error at once. Memory: the C side copies what it is given; Python objects keep what the C side
borrows alive as long as they live, and delete their C object when closed (or collected).
"""
from _s2svpn import ffi, lib

SECOND = 1_000_000_000
PROFILES = {"alibaba": lib.s2s_profile_alibaba, "aws": lib.s2s_profile_aws, "generic": lib.s2s_profile_generic}
TYPES = {"encryption": lib.S2S_TRANSFORM_ENCRYPTION, "integrity": lib.S2S_TRANSFORM_INTEGRITY, "prf": lib.S2S_TRANSFORM_PRF,
         "group": lib.S2S_TRANSFORM_GROUP, "pfs": lib.S2S_TRANSFORM_GROUP}


class Error(Exception):
    """A call returned a negative enum s2s_error."""

    def __init__(self, code, detail=""):
        self.code = code
        super().__init__("%s%s" % (ffi.string(lib.s2s_strerror(code)).decode(), ": " + detail if detail else ""))


class Refused(Error):
    """A configuration was refused; errors is a list of (path, value, rule)."""

    def __init__(self, code, errors):
        self.errors = errors
        super().__init__(code, "; ".join("%s: %s %s" % error for error in errors))


def text(pointer):
    return ffi.string(pointer).decode() if pointer else ""


def check(code, engine=None):
    if code >= 0:
        return code
    if engine is not None and code == lib.S2S_ERR_CONFIG:
        raise Refused(code, engine.config_errors())
    raise Error(code, text(lib.s2s_engine_detail(engine.c)) if engine is not None else "")


# ---- parameter structs ----

def _parse(function, ctype, value):
    out = ffi.new(ctype)
    check(function(value.encode(), out))
    return out[0]


def address(value):
    return _parse(lib.s2s_addr_parse, "struct s2s_addr *", value)


def prefix(value):
    return _parse(lib.s2s_prefix_parse, "struct s2s_prefix *", value)


def _algorithms(field, words):
    kind = TYPES[field.rsplit("_", 1)[-1]]
    out = ffi.new("struct s2s_algorithm_list *")
    words = [words] if isinstance(words, str) else words
    out.count = len(words)
    for i, word in enumerate(words):
        out.items[i] = lib.s2s_algorithm_find(kind, word.encode())
    return out[0]


class Params:
    """A params struct made from keywords; .c is the pointer. Keeps what it points to alive as long as it lives itself: give it
    a name of its own around the call."""

    COUNTS = {"addresses": "address_count", "vpc_cidrs": "vpc_cidr_count", "route_tables": "route_table_count",
              "local_subnets": "local_subnet_count", "remote_subnets": "remote_subnet_count", "tunnels": "tunnel_count"}
    ELEMENTS = {"route_tables": "s2s_route_table_params", "tunnels": "s2s_tunnel_params"}

    def __init__(self, ctype, **values):
        self.c = ffi.new("struct %s *" % ctype)
        self.alive = []
        init = getattr(lib, ctype + "_init", None)
        if init is not None:
            init(self.c, ffi.sizeof(self.c[0]))
        else:
            self.c.struct_size = ffi.sizeof(self.c[0])
        for name, value in values.items():
            self._set(name, value)

    def _keep(self, thing):
        self.alive.append(thing)
        return thing

    def _set(self, name, value):
        field = dict(ffi.typeof(self.c[0]).fields)[name].type
        if name == "profile":
            value = PROFILES[value]()
        elif name == "psk":
            self.c.psk_length = len(value)
            value = self._keep(ffi.new("uint8_t[]", value.encode()))
        elif name in self.COUNTS:
            setattr(self.c, self.COUNTS[name], len(value))
            value = self._list(name, field, value)
        elif field.kind == "struct" and isinstance(value, (str, list)):
            value = {"struct s2s_addr": address, "struct s2s_prefix": prefix}.get(
                field.cname, lambda words: _algorithms(name, words))(value)
        elif isinstance(value, str):
            value = self._keep(ffi.new("char[]", value.encode()))
        setattr(self.c, name, value)

    def _list(self, name, field, values):
        if name in self.ELEMENTS:
            made = [self._keep(Params(self.ELEMENTS[name], **value)) for value in values]
            return self._keep(ffi.new("struct %s[]" % self.ELEMENTS[name], [one.c[0] for one in made]))
        convert = address if field.item.cname == "struct s2s_addr" else prefix
        return self._keep(ffi.new("%s[]" % field.item.cname, [convert(value) for value in values]))


# ---- callbacks: one C function each, the user pointer leads back to the Python object ----

@ffi.def_extern()
def s2s_py_log(user, line):
    ffi.from_handle(user)(line.level, text(line.module), text(line.object), text(line.text))


@ffi.def_extern()
def s2s_py_event(user, event):
    ffi.from_handle(user)(Event(event))


@ffi.def_extern()
def s2s_py_done(user):
    ffi.from_handle(user)()


class Event:
    """A copy of a struct s2s_event: its strings are borrowed, these are not."""

    def __init__(self, event):
        self.name = text(lib.s2s_event_name(event.type))
        self.at = event.at
        self.gateway, self.connection, self.tunnel = text(event.gateway), text(event.connection), event.tunnel
        self.trigger = text(lib.s2s_trigger_name(event.trigger))
        self.reason = text(lib.s2s_reason_name(event.reason))
        self.from_tunnel, self.to_tunnel, self.duration_ns = event.from_tunnel, event.to_tunnel, event.duration_ns
        self.text = text(event.text)

    def __str__(self):
        return "%9.3f s  %-24s %s" % (self.at / SECOND, self.name, self.text)


# ---- the objects ----

class Engine:
    def __init__(self, provider=None, log=None, **limits):
        params = Params("s2s_engine_params", **limits)
        params.c.provider = provider or lib.s2s_crypto_mbedtls()
        self._log = ffi.new_handle(log) if log else None
        if log:
            params.c.log, params.c.log_user = lib.s2s_py_log, self._log
        out = ffi.new("s2s_engine **")
        check(lib.s2s_engine_new(params.c, out))
        self.c = ffi.gc(out[0], lib.s2s_engine_delete)

    def config_errors(self):
        one = ffi.new("struct s2s_config_error *", {"struct_size": ffi.sizeof("struct s2s_config_error")})
        out = []
        for i in range(lib.s2s_engine_config_errors(self.c)):
            check(lib.s2s_engine_config_error(self.c, i, one))
            out.append((text(one.path), text(one.value), text(one.rule)))
        return out

    def gateway(self, now=0, **values):
        out, params = ffi.new("s2s_gateway **"), Params("s2s_gateway_params", **values)
        check(lib.s2s_gateway_new(self.c, params.c, now, out), self)
        return Gateway(self, out[0])


class Gateway:
    def __init__(self, engine, c):
        self.engine, self.c = engine, c

    def customer_gateway(self, **values):
        out, params = ffi.new("s2s_customer_gateway **"), Params("s2s_customer_gateway_params", **values)
        check(lib.s2s_customer_gateway_new(self.c, params.c, out), self.engine)

    def connection(self, now=0, **values):
        out, params = ffi.new("s2s_connection **"), Params("s2s_connection_params", **values)
        check(lib.s2s_connection_new(self.c, params.c, now, out), self.engine)
        return Connection(self.engine, out[0])

    def route(self, now=0, **values):
        out, params = ffi.new("s2s_route **"), Params("s2s_route_params", **values)
        check(lib.s2s_route_new(self.c, params.c, now, out), self.engine)


class Connection:
    def __init__(self, engine, c):
        self.engine, self.c = engine, c

    def tunnel(self, index):
        """State of tunnel index (from 1) as a struct s2s_tunnel_state."""
        state = ffi.new("struct s2s_tunnel_state *", {"struct_size": ffi.sizeof("struct s2s_tunnel_state")})
        check(lib.s2s_tunnel_get(lib.s2s_connection_tunnel(self.c, index), state))
        return state

    def psk(self, index):
        out, length = ffi.new("uint8_t[256]"), ffi.new("size_t *")
        check(lib.s2s_tunnel_psk(lib.s2s_connection_tunnel(self.c, index), out, 256, length))
        return bytes(out[0:length[0]]).decode()

    def modify(self, index, now, **changes):
        changes = Params("s2s_tunnel_params", **changes)
        check(lib.s2s_tunnel_modify(lib.s2s_connection_tunnel(self.c, index), changes.c, now), self.engine)


class Driver:
    """Joins an engine, a loop and a kernel; calls event(Event) for each event."""

    def __init__(self, engine, loop, kernel, event=None):
        params = Params("s2s_driver_params")
        params.c.engine, params.c.loop, params.c.kernel = engine.c, loop, kernel
        self._event = ffi.new_handle(event) if event else None
        if event:
            params.c.event, params.c.event_user = lib.s2s_py_event, self._event
        out = ffi.new("s2s_driver **")
        check(lib.s2s_driver_new(params.c, out), engine)
        self.engine, self.c = engine, ffi.gc(out[0], lib.s2s_driver_delete)

    def kick(self):
        lib.s2s_driver_kick(self.c)

    def close(self):
        ffi.release(self.c)


# ---- the in-memory internet ----

class Node:
    def __init__(self, c):
        self.c = c

    kernel = property(lambda self: lib.s2s_sim_kernel(self.c))

    def address(self, link, value):
        check(lib.s2s_sim_address(self.c, link, value.encode()))

    def route(self, value, link):
        check(lib.s2s_sim_route(self.c, value.encode(), link))

    def ping(self, destination, count, interval=SECOND // 100):
        params = Params("s2s_sim_ping_params", destination=destination, count=count, interval=interval)
        out = ffi.new("s2s_sim_ping **")
        check(lib.s2s_sim_ping_start(self.c, params.c, out))
        return Ping(out[0])


class Ping:
    def __init__(self, c):
        self.c = c

    @property
    def stats(self):
        out = ffi.new("struct s2s_sim_ping_stats *", {"struct_size": ffi.sizeof("struct s2s_sim_ping_stats")})
        lib.s2s_sim_ping_stats(self.c, out)
        return out


class World:
    def __init__(self, seed=1):
        out = ffi.new("s2s_sim **")
        check(lib.s2s_sim_new(ffi.NULL, seed, out))
        self.c = ffi.gc(out[0], lib.s2s_sim_delete)
        self.loop = lib.s2s_sim_loop(self.c)

    now = property(lambda self: lib.s2s_sim_now(self.c))

    def _node(self, function, *arguments):
        out = ffi.new("s2s_sim_node **")
        check(function(self.c, *arguments, out))
        return Node(out[0])

    def host(self, name):
        return self._node(lib.s2s_sim_host_new, name.encode())

    def router(self, name):
        return self._node(lib.s2s_sim_router_new, name.encode())

    def gateway(self, name):
        return self._node(lib.s2s_sim_gateway_new, name.encode(), ffi.NULL)

    def link(self, name, a, b):
        out = ffi.new("s2s_sim_link **")
        check(lib.s2s_sim_link_new(self.c, name.encode(), a.c, b.c, ffi.NULL, out))
        return out[0]

    def run(self, seconds):
        lib.s2s_sim_run_for(self.c, int(seconds * SECOND))
