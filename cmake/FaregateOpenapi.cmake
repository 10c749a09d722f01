# faregate_openapi(MODULE): compiles docs/openapi.yaml into the module, which serves it.
function(faregate_openapi module)
    set(yaml "${CMAKE_SOURCE_DIR}/docs/openapi.yaml")
    set(script "${CMAKE_SOURCE_DIR}/cmake/embed_openapi.cmake")
    set(out "${CMAKE_BINARY_DIR}/generated/${module}/openapi.cpp")
    add_custom_command(
        OUTPUT "${out}"
        COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${yaml}" "-DOUT=${out}" -P "${script}"
        DEPENDS "${yaml}" "${script}"
        COMMENT "Embedding docs/openapi.yaml"
        VERBATIM
    )
    target_sources(faregate_${module} PRIVATE "${out}")
endfunction()
