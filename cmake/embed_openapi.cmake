# Run with cmake -P: writes SOURCE into OUT as the text that http/routes/openapi.h declares.
file(READ "${SOURCE}" text)
file(
    WRITE "${OUT}"
    "#include \"http/routes/openapi.h\"\n\n"
    "namespace faregate::http {\n\n"
    "const std::string_view openapi_yaml = R\"yaml(${text})yaml\";\n\n"
    "}  // namespace faregate::http\n"
)
