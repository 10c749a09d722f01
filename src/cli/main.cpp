#include "cli/command.h"

int main(int argc, char** argv) { return faregate::cli::run_program(argc, argv); }
