# Run with cmake -P: writes SOURCE_DIR/*.sql into OUT as the array that postgres/migrations.h
# declares, in the order of their names.
file(GLOB paths "${SOURCE_DIR}/*.sql")
list(SORT paths)
set(rows "")
set(count 0)
foreach(path IN LISTS paths)
    get_filename_component(name "${path}" NAME_WE)
    file(READ "${path}" sql)
    file(SHA256 "${path}" sha256)
    string(APPEND rows "    {\"${name}\",\n     \"${sha256}\",\n     R\"sql(${sql})sql\"},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(
    WRITE "${OUT}"
    "#include \"postgres/migrations.h\"\n\n"
    "namespace faregate::postgres {\n"
    "namespace {\n\n"
    "constexpr std::array<Migration, ${count}> all{{\n${rows}}};\n\n"
    "}  // namespace\n\n"
    "std::span<const Migration> migrations() { return all; }\n\n"
    "}  // namespace faregate::postgres\n"
)
