# Bitfile of net_top for zcu102: processing system, DMA, and the exported IP between two AXI streams.
proc step {name body} {
    puts "HLSEXPLORE STAGE $name"
    if {[catch {uplevel 1 $body} message]} {
        puts "HLSEXPLORE FAILED $name: $message"
        exit 1
    }
}
# The only stream of a cell in a direction; the name of the port is the generator's.
proc stream {cell mode} {
    set pins {}
    foreach pin [get_bd_intf_pins -of_objects [get_bd_cells $cell]] {
        if {[get_property MODE $pin] eq $mode && [string match *axis_rtl* [get_property VLNV $pin]]} {
            lappend pins $pin
        }
    }
    if {[llength $pins] != 1} {
        error "$cell has [llength $pins] streams in the direction $mode, and one is needed"
    }
    return [lindex $pins 0]
}

step design {
    create_project system system -part xczu9eg-ffvb1156-2-e -force
    set_property board_part xilinx.com:zcu102:part0:3.4 [current_project]
    set_property ip_repo_paths build/hls [current_project]
    update_ip_catalog
    create_bd_design design_1
    create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e ps
    apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset "1"} [get_bd_cells ps]
    set_property -dict [list CONFIG.PSU__USE__S_AXI_GP2 {1} CONFIG.PSU__USE__M_AXI_GP0 {1} \
        CONFIG.PSU__USE__M_AXI_GP1 {0} CONFIG.PSU__USE__M_AXI_GP2 {0} \
        CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ {200.0}] [get_bd_cells ps]
    create_bd_cell -type ip -vlnv xilinx.com:hls:net_top:1.0 network
    set in_bytes [get_property CONFIG.TDATA_NUM_BYTES [stream network Slave]]
    set out_bytes [get_property CONFIG.TDATA_NUM_BYTES [stream network Master]]
    create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma:7.1 dma
    set_property -dict [list CONFIG.c_include_sg {0} CONFIG.c_sg_include_stscntrl_strm {0} \
        CONFIG.c_sg_length_width {26} CONFIG.c_m_axis_mm2s_tdata_width {32} CONFIG.c_include_mm2s_dre {1} \
        CONFIG.c_include_s2mm_dre {1}] [get_bd_cells dma]
    # The memory side is 32 bits wide; converters make the widths of the network's streams out of it.
    foreach {name from to} [list widen 4 $in_bytes narrow $out_bytes 4] {
        create_bd_cell -type ip -vlnv xilinx.com:ip:axis_dwidth_converter:1.1 $name
        set_property -dict [list CONFIG.S_TDATA_NUM_BYTES $from CONFIG.M_TDATA_NUM_BYTES $to \
            CONFIG.HAS_TLAST {1} CONFIG.HAS_TKEEP {1}] [get_bd_cells $name]
    }
    connect_bd_intf_net [get_bd_intf_pins dma/M_AXIS_MM2S] [get_bd_intf_pins widen/S_AXIS]
    connect_bd_intf_net [get_bd_intf_pins widen/M_AXIS] [stream network Slave]
    connect_bd_intf_net [stream network Master] [get_bd_intf_pins narrow/S_AXIS]
    connect_bd_intf_net [get_bd_intf_pins narrow/M_AXIS] [get_bd_intf_pins dma/S_AXIS_S2MM]
}
step connect {
    foreach {master slave} {
        /ps/M_AXI_HPM0_FPD /dma/S_AXI_LITE
        /dma/M_AXI_MM2S /ps/S_AXI_HP0_FPD
        /dma/M_AXI_S2MM /ps/S_AXI_HP0_FPD
    } {
        set pin [expr {[string match /ps/* $slave] && [llength [get_bd_intf_nets -quiet -of_objects \
            [get_bd_intf_pins $slave]]] ? $master : $slave}]
        apply_bd_automation -rule xilinx.com:bd_rule:axi4 -config [list Clk_master Auto Clk_slave Auto Clk_xbar Auto \
            Master $master Slave $slave ddr_seg Auto intc_ip Auto master_apm 0] [get_bd_intf_pins $pin]
    }
    foreach pin [get_bd_intf_pins -quiet -of_objects [get_bd_cells network]] {
        if {[get_property MODE $pin] eq "Slave" && [string match *aximm_rtl* [get_property VLNV $pin]]} {
            apply_bd_automation -rule xilinx.com:bd_rule:axi4 -config [list Clk_master Auto Clk_slave Auto \
                Clk_xbar Auto Master /ps/M_AXI_HPM0_FPD Slave $pin ddr_seg Auto intc_ip Auto master_apm 0] $pin
        }
    }
    foreach pin {network/ap_clk widen/aclk narrow/aclk} {
        if {![llength [get_bd_nets -quiet -of_objects [get_bd_pins $pin]]]} {
            apply_bd_automation -rule xilinx.com:bd_rule:clkrst -config {Clk Auto} [get_bd_pins $pin]
        }
    }
    assign_bd_address
    validate_bd_design
    save_bd_design
}
step implement {
    set file [get_files design_1.bd]
    make_wrapper -files $file -top -import
    update_compile_order -fileset sources_1
    launch_runs impl_1 -to_step write_bitstream -jobs 4
    wait_on_run impl_1
    if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} {
        error "the run impl_1 ended as [get_property STATUS [get_runs impl_1]]"
    }
}
step report {
    open_run impl_1
    report_utilization -file utilization.rpt
    report_timing_summary -file timing.rpt
    file copy -force system/system.runs/impl_1/design_1_wrapper.bit net_top.bit
    file copy -force [lindex [concat [glob -nocomplain system/system.gen/sources_1/bd/design_1/hw_handoff/*.hwh] \
        [glob -nocomplain system/system.srcs/sources_1/bd/design_1/hw_handoff/*.hwh]] 0] net_top.hwh
}
puts "HLSEXPLORE DONE"
exit 0
