# Run with cmake -P: writes SOURCE into OUT as the text that http/routes/openapi.h declares. An array
# of characters, since compilers need not take a literal longer than 65,536 (C++20, Annex B).
file(READ "${SOURCE}" bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(
    WRITE "${OUT}"
    "#include \"http/routes/openapi.h\"\n\n"
    "namespace faregate::http {\n\n"
    "namespace {\n"
    "constexpr char bytes[] = {\n${bytes}};\n"
    "}  // namespace\n\n"
    "const std::string_view openapi_yaml{bytes, sizeof bytes};\n\n"
    "}  // namespace faregate::http\n"
)
