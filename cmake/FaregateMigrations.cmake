# faregate_migrations(MODULE): compiles migrations/*.sql into the module, so that the binary can set
# up a database by itself.
function(faregate_migrations module)
    file(GLOB migrations CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/migrations/*.sql")
    set(script "${CMAKE_SOURCE_DIR}/cmake/embed_migrations.cmake")
    set(out "${CMAKE_BINARY_DIR}/generated/${module}/migrations.cpp")
    add_custom_command(
        OUTPUT "${out}"
        COMMAND "${CMAKE_COMMAND}" "-DSOURCE_DIR=${CMAKE_SOURCE_DIR}/migrations" "-DOUT=${out}"
                -P "${script}"
        DEPENDS ${migrations} "${script}"
        COMMENT "Embedding migrations"
        VERBATIM
    )
    target_sources(faregate_${module} PRIVATE "${out}")
endfunction()
