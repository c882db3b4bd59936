"""Names from models made safe for generated text: identifiers for C++ and Verilog, and text for comments."""

import re
from collections.abc import Callable, Iterable

from hlsexplore.graph import Graph, Shape

MAX_LENGTH = 48
"""Longest identifier before a suffix that tells duplicates apart; Vivado composes file paths of nested names."""

_COMMENT_UNSAFE = re.compile(r"[^A-Za-z0-9 _.,:+/()=<>'#@!-]")

# C++20 keywords and alternative tokens, C11 keywords, the macros and names that HLS headers put into the global scope.
_CPP = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl
concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do
double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace
new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try
typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq main std nnet hls assert
stream string errno stdin stdout stderr ap_int ap_uint ap_fixed ap_ufixed int8_t int16_t int32_t int64_t uint8_t
uint16_t uint32_t uint64_t size_t null
"""
# IEEE 1800-2017, annex B.
_VERILOG = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
endpackage endprimitive endprogram endproperty endspecify endsequence endtable endtask enum event eventually expect
export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global highz0
highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input inside
instance int integer interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1
s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled signed small
soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1 sync_accept_on
sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand
trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var vectored virtual void
wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""
# IEEE 1076 words that are neither C++ nor Verilog words; mixed-language tools reject them.
_VHDL = """
abs access after all architecture array attribute block body buffer bus component configuration constant disconnect
downto elsif entity exit file guarded impure in inertial is label linkage literal loop map mod nand new next of on
open others out port postponed procedure process range record reject rem report rol ror select severity shared signal
sla sll sra srl subtype then to transport units until variable when
"""
# Macros and global names of C headers in small letters; `uint` and the like are not in every library.
_C_HEADERS = """
alloca be16toh be32toh be64toh daylight environ fd_mask fd_set getdate_err half htobe16 htobe32 htobe64 htole16 htole32
htole64 i386 issubnormal le16toh le32toh le64toh linux major makedev math_errhandling minor offsetof
program_invocation_name program_invocation_short_name retval sched_priority signgam strdupa strndupa timezone tzname
u_char u_int u_long u_short uint ulong unix ushort valtype
"""
# Devices of Windows, which are no file names there, whatever comes after a dot.
_WINDOWS = f"con prn aux nul {' '.join(f'com{i} lpt{i}' for i in range(1, 10))}"
# Members of the configurations in nnet/: a struct has no member of its own name.
_CONFIG = """
act_function bias_rom cast_each ceiling_raw channel_multiplier dilation_columns dilation_rows exp_bits exp_rom
floor_raw has_padding hidden_product high_raw in_height in_size in_width input_product inv_rom inverse_bits
inverse_raw is_backward kernel_height kernel_width kind limit_raw low_raw masked_product minus_one_raw num_beats
num_beats_0 num_beats_1 num_blocks num_channels num_columns num_elements num_in num_in_beats num_inputs
num_multipliers num_out num_out_beats num_parallel num_positions num_steps num_units num_weights offset_raw one_raw
out_height out_size out_width pad_left pad_top parallel product_of rec_function repeat_columns repeat_rows
returns_sequences reuse scale_raw shift size_0 size_1 size_2 size_3 size_4 size_5 slope_raw state_function step_0
step_1 step_2 step_3 step_4 step_5 stream_height stream_width stride_columns stride_rows table_bits table_rom
threshold_raw weight_rom whole_size
"""
# Names that the generators use themselves: of files, of modules behind the top's name, of signals.
_OWN = """
ap_clk ap_rst ap_start ap_done axis clk clock data golden in_ready in_valid interrupt layers out_valid port ready reset
rst sample samples num_samples taken tb testbench top types valid wait_cycles weights
"""
RESERVED = frozenset(f"{_CPP} {_VERILOG} {_VHDL} {_C_HEADERS} {_WINDOWS} {_CONFIG} {_OWN}".split())
"""Words that are never identifiers, compared in lower case."""

_RESERVED_FORM = re.compile(r"[A-Z][A-Z0-9_]*[A-Z0-9]|[LMP]_.*|(?:ap|af|ssdm|AESL)_.*|.*_t", re.ASCII)
"""Names that may be macros of C headers (EOF, M_PIl), of the fixed-point headers, or types (POSIX keeps all ..._t)."""

_PREFIXES = ("in_", "out_")
_SUFFIX = re.compile(
    r"_(?:valid|ready|r|layer|room|promise|inner|out|beat|fed|seen|moves|i|k|core|step|elements|shared"
    r"|(?:part|table|queue|d|after)[0-9]+|[0-9]+_q)\Z"
)
"""What the generators put before and behind the identifier of a node: ports, wires, registers, modules."""


def _origins(name: str) -> set[str]:
    """Return what a name could be derived from: itself without prefixes and suffixes of the generators."""
    found: set[str] = set()
    for prefix in ("", *_PREFIXES):
        if name.startswith(prefix):
            rest = name[len(prefix) :]
            found.add(rest)
            while (suffix := _SUFFIX.search(rest)) is not None:
                rest = rest[: suffix.start()]
                found.add(rest)
    return found - {"", name}


def identifier(text: str, taken: Iterable[str] = ()) -> str:
    """Make a C++, Verilog and VHDL identifier out of any text.

    Args:
        text: Any text, such as the name of a layer or model.
        taken: Identifiers that exist already; compared without case, as file systems and VHDL do.

    Returns:
        ASCII letters, digits and single underscores, beginning with a letter, at most 48 characters before a suffix.

    Examples:
        >>> identifier('x"; $(touch y)')
        'x_touch_y'
        >>> identifier("reg"), identifier("1st"), identifier("層")
        ('n_reg', 'n_1st', 'n')
        >>> identifier("fc", taken=["FC"])
        'fc_2'
    """
    used = {name.lower() for name in taken}
    return _first_free(_base(text), lambda name: name in used)


def identifiers(graph: Graph) -> dict[str, str]:
    """Give every node of a graph an identifier of its own that is safe in C++, Verilog, Tcl and file names.

    Nor is one of them what a generator derives from another, such as `in_x` or `x_valid` beside `x`.

    Args:
        graph: The network.

    Returns:
        Identifier by node name, in the order of the nodes; unique without regard to case.
    """
    names: dict[str, str] = {}
    used: set[str] = set()
    origins: set[str] = set()

    def is_taken(name: str) -> bool:
        return name in used or name in origins or not used.isdisjoint(_origins(name))

    for node in graph:
        names[node.name] = _first_free(_base(node.name), is_taken)
        used.add(names[node.name].lower())
        origins |= _origins(names[node.name].lower())
    return names


def _base(text: str) -> str:
    """Return a legal identifier that may exist already."""
    base = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:MAX_LENGTH].rstrip("_")
    is_reserved = base.lower() in RESERVED or _RESERVED_FORM.fullmatch(base) is not None
    return f"n_{base}".rstrip("_") if not base or not base[0].isalpha() or is_reserved else base


def _first_free(base: str, is_taken: Callable[[str], bool]) -> str:
    """Return a name, with a number behind it if it is taken; `is_taken` gets it in lower case."""
    name, number = base, 1
    while is_taken(name.lower()):
        number += 1
        name = f"{base}_{number}"
    return name


def comment(text: str) -> str:
    """Make any text harmless inside a comment of C++, Verilog or Tcl.

    Line breaks, quotes, braces, backslashes, stars and everything beyond ASCII become underscores, so that no text
    ends its comment, continues its line or opens a block.

    Args:
        text: Any text.

    Examples:
        >>> comment("a */ b{")
        'a _/ b_'
    """
    return _COMMENT_UNSAFE.sub("_", text)[:120].strip()


def size_text(shape: Shape) -> str:
    """Write a shape for people.

    Examples:
        >>> size_text((28, 28, 1))
        '28 x 28 x 1'
    """
    return " x ".join(map(str, shape))
