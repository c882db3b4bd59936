// Example of a host program for the kernel mlp_kernel, with the native interface of the Xilinx runtime (XRT).
// Usage: host KERNEL.xclbin NUMBER_OF_SAMPLES INPUT_FILE OUTPUT_FILE; files of raw words, sample after sample
//. Generated from design 2dedbca18ffa.
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

int main(int argc, char **argv) {
    if (argc != 5) {
        std::cerr << "usage: " << argv[0] << " KERNEL.xclbin NUMBER_OF_SAMPLES INPUT_FILE OUTPUT_FILE" << std::endl;
        return 2;
    }
    const unsigned num_samples = static_cast<unsigned>(std::strtoul(argv[2], 0, 10));
    std::ifstream input(argv[3], std::ios::binary);
    std::ofstream output(argv[4], std::ios::binary);
    xrt::device device(0);
    xrt::kernel kernel(device, device.load_xclbin(argv[1]), "mlp_kernel");
    const size_t bytes_0 = sizeof(short) * 4 * num_samples;
    xrt::bo buffer_0(device, bytes_0, kernel.group_id(0));
    const size_t bytes_1 = sizeof(short) * 3 * num_samples;
    xrt::bo buffer_1(device, bytes_1, kernel.group_id(1));
    if (!input.read(buffer_0.map<char *>(), bytes_0)) {
        std::cerr << "'" << argv[3] << "' is too short" << std::endl;
        return 1;
    }
    buffer_0.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    kernel(buffer_0, buffer_1, num_samples).wait();
    buffer_1.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    output.write(buffer_1.map<char *>(), bytes_1);
    return output.good() ? 0 : 1;
}
