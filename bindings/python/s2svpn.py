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
import collections
import json

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


# ---- texts and configurations ----

def _given(function, *arguments, engine=None, free=lib.s2s_json_free):
    """The text that a function of C hands out by its last argument."""
    out = ffi.new("char **")
    check(function(*arguments, out), engine)
    try:
        return text(out[0])
    finally:
        free(out[0])


def _json(function, *arguments, engine=None):
    return json.loads(_given(function, *arguments, engine=engine))


class Issue(collections.namedtuple("Issue", "warning code path value rule")):
    """One thing that is wrong with a configuration or a file, or a warning about it."""

    def __str__(self):
        return "%s: %s: %s%s%s" % ("warning" if self.warning else "error", self.path, self.value,
                                   ": " if self.value else "", self.rule)


def _issues(function, c):
    one = ffi.new("struct s2s_config_error *", {"struct_size": ffi.sizeof("struct s2s_config_error")})
    out, index = [], 0
    while function(c, index, one) == 0:
        out.append(Issue(bool(one.warning), text(one.code), text(one.path), text(one.value), text(one.rule)))
        index += 1
    return out


class Config:
    """A gateway as JSON text: Config(text) raises Refused with every error at once, of reading and of checking.

    issues   warnings of the check
    apply()  makes its objects in an engine
    """

    def __init__(self, content, provider=None):
        raw, out = content.encode(), ffi.new("s2s_config **")
        self._provider = provider or lib.s2s_crypto_mbedtls()
        code = lib.s2s_config_parse(raw, len(raw), ffi.NULL, out)
        self.c = ffi.gc(out[0], lib.s2s_config_delete) if out[0] else None
        if code == 0:
            code = lib.s2s_config_check(self.c, self._provider)
        self.issues = _issues(lib.s2s_config_error, self.c) if self.c else []
        self._raise(code)

    def _raise(self, code):
        if code == lib.S2S_ERR_CONFIG:
            raise Refused(code, [(one.path, one.value, one.rule) for one in self.issues if not one.warning])
        check(code)

    def effective(self):
        """Every value that would hold: a list of dicts with path, value, origin (given, default, computed) and from."""
        return _json(lib.s2s_config_effective, self.c, self._provider, True)["effective"]

    def apply(self, engine, now=0):
        """Makes the gateway and all that belongs to it; kick the driver afterwards. Returns the Gateway."""
        code = lib.s2s_config_apply(engine.c, self.c, now)
        self.issues = _issues(lib.s2s_config_error, self.c)
        self._raise(code)
        return engine.gateways()[-1]


class Imported(collections.namedtuple("Imported", "text issues")):
    """What an import gave: text, a configuration as JSON with its keys; issues, what could not go into it."""


def import_files(*contents, profile="generic", **options):
    """Files that a cloud handed out for this end (device file, XML, API answer), into a configuration. options are those
    of struct s2s_import_options: name, local_address, remote_networks, ... Raises Refused."""
    params = Params("s2s_import_options", profile=profile, **options)
    raw = [ffi.new("char[]", one.encode()) for one in contents]
    files = ffi.new("struct s2s_import_file[]", [{"text": one, "length": len(one) - 1} for one in raw])
    out = ffi.new("s2s_import **")
    code = lib.s2s_device_file_import(files, len(contents), params.c, out)
    made = ffi.gc(out[0], lib.s2s_import_delete) if out[0] else None
    issues = _issues(lib.s2s_import_issue, made) if made else []
    if code == lib.S2S_ERR_CONFIG:
        raise Refused(code, [(one.path, one.value, one.rule) for one in issues if not one.warning])
    check(code)
    return Imported(text(lib.s2s_import_text(made)), issues)


# ---- the objects ----

class Engine:
    """One instance of the library: gateways hang below it, a Driver runs it.

    provider  a crypto provider (mbedTLS), log  called with (level, module, object, text), limits  s2s_engine_params
    """

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

    def gateways(self):
        """All gateways, in order of creation."""
        out, one = [], lib.s2s_gateway_next(self.c, ffi.NULL)
        while one:
            out.append(Gateway(self, one))
            one = lib.s2s_gateway_next(self.c, one)
        return out

    def status(self):
        """Everything that holds, as a dict in the shape of the configuration (a list of them for several gateways)."""
        return _json(lib.s2s_status_json, self.c)

    def metrics(self):
        """Prometheus text."""
        return _given(lib.s2s_metrics_text, self.c)

    def gateway(self, now=0, **values):
        """Makes a gateway; values are those of s2s_gateway_params. Raises Refused."""
        out, params = ffi.new("s2s_gateway **"), Params("s2s_gateway_params", **values)
        check(lib.s2s_gateway_new(self.c, params.c, now, out), self)
        return Gateway(self, out[0])


class Gateway:
    """A VPN gateway. It belongs to its engine."""

    def __init__(self, engine, c):
        self.engine, self.c = engine, c

    name = property(lambda self: text(lib.s2s_gateway_name(self.c)))

    def find(self, name):
        """The connection of a name, or None."""
        found = lib.s2s_connection_find(self.c, name.encode())
        return Connection(self.engine, found) if found else None

    def explain(self, source, destination):
        """Which way a packet takes, or what is missing, in one sentence."""
        out, ends = ffi.new("char **"), [ffi.new("struct s2s_addr *", address(one)) for one in (source, destination)]
        lib.s2s_gateway_explain(self.c, ends[0], ends[1], ffi.cast("const char **", out))
        return text(out[0])

    def bgp_neighbors(self, name=None):
        """BGP sessions as dicts; name is "connection/2", "connection" or the peer's inside address."""
        return _json(lib.s2s_bgp_neighbors_json, self.c, name.encode() if name else ffi.NULL)["neighbors"]

    def bgp_routes(self, neighbor=None, table="received", within=None):
        """Routes as dicts, page by page: the gateway's best ones, or a neighbor's received, advertised or best ones."""
        query = ffi.new("struct s2s_bgp_route_query *", {"struct_size": ffi.sizeof("struct s2s_bgp_route_query")})
        alive = [ffi.new("char[]", neighbor.encode()) if neighbor else ffi.NULL,
                 ffi.new("struct s2s_prefix *", prefix(within)) if within else ffi.NULL]
        query.neighbor, query.within = alive
        query.table = {"received": lib.S2S_BGP_RECEIVED, "advertised": lib.S2S_BGP_ADVERTISED, "best": lib.S2S_BGP_BEST}[table]
        while True:
            page = _json(lib.s2s_bgp_routes_json, self.c, query)
            yield from page["routes"]
            if "next" not in page:
                return
            query.cursor = int(page["next"])

    def bgp_why(self, what):
        """Why the best route of a prefix or an address is the best, and who is told of it."""
        return _json(lib.s2s_bgp_why_json, self.c, what.encode())

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
    """An IPsec connection of one or more tunnels. It belongs to its gateway."""

    FORMATS = {"generic": lib.S2S_DEVICE_FILE_GENERIC, "aws-xml": lib.S2S_DEVICE_FILE_AWS_XML,
               "alibaba": lib.S2S_DEVICE_FILE_ALIBABA, "swanctl": lib.S2S_DEVICE_FILE_SWANCTL}

    def __init__(self, engine, c):
        self.engine, self.c = engine, c

    def diagnose(self, gateway):
        """What is wrong with it and what to change on which side: a dict of "tunnels" and "network" findings."""
        return _json(lib.s2s_connection_diagnosis_json, gateway.c, self.c)

    def export(self, form="generic"):
        """The file for its far end, keys included: generic, aws-xml, alibaba or swanctl."""
        return _given(lib.s2s_device_file_export, self.c, self.FORMATS[form], lib.S2S_DEVICE_SAMPLE_RECOMMENDED,
                      free=lib.s2s_device_file_free)

    def _do(self, function, index, *arguments):
        check(function(lib.s2s_connection_tunnel(self.c, index), *arguments), self.engine)

    def start(self, index, now):
        """Negotiates tunnel index now; Error when it is disabled."""
        self._do(lib.s2s_tunnel_start, index, now)

    def restart(self, index, now):
        """Takes tunnel index down politely and brings it up again."""
        self._do(lib.s2s_tunnel_restart, index, now)

    def rekey(self, index, now, ike=False):
        """New keys now for the CHILD_SA, or for the IKE_SA."""
        self._do(lib.s2s_tunnel_rekey, index, lib.S2S_REKEY_IKE if ike else lib.S2S_REKEY_IPSEC, now)

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
