"""Boards that a bitfile can be built for."""

from dataclasses import dataclass

from hlsexplore.errors import ConfigError, unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board.

    Attributes:
        name: What the user writes.
        part: Its device, as Vivado writes it.
        interface: Interface of the project that it needs.
        board_part: Name of Vivado's board file, for boards with a processing system.
        platform: Name of the platform for `v++`, for accelerator cards.
        is_mpsoc: Whether the processing system is that of Zynq UltraScale+.
    """

    name: str
    part: str
    interface: str
    board_part: str = ""
    platform: str = ""
    is_mpsoc: bool = False


# Board files: pynq-z2 from TUL, zcu102 from Vivado's board store. Platform: the one that AMD ships for the U250.
BOARDS = {
    board.name: board
    for board in (
        Board(
            name="pynq-z2", part="xc7z020clg400-1", interface="axi_stream", board_part="tul.com.tw:pynq-z2:part0:1.0"
        ),
        Board(
            name="zcu102",
            part="xczu9eg-ffvb1156-2-e",
            interface="axi_stream",
            board_part="xilinx.com:zcu102:part0:3.4",
            is_mpsoc=True,
        ),
        Board(
            name="alveo-u250",
            part="xcu250-figd2104-2L-e",
            interface="kernel",
            platform="xilinx_u250_gen3x16_xdma_4_1_202210_1",
        ),
    )
}


def find_board(name: str) -> Board:
    """Return a board by name.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in BOARDS:
        raise ConfigError(unknown_name("board", name, BOARDS, "hlsexplore"))
    return BOARDS[name]
