#include "yaml_scan.h"

#include <yaml.h>

enum yaml_obstacle yaml_first_obstacle(const unsigned char *text, size_t size, int deepest, size_t *line) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return YAML_OBSTACLE_NONE;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text, size);

    enum yaml_obstacle found = YAML_OBSTACLE_NONE;
    int depth = 0;
    int ends = 0;
    while (found == YAML_OBSTACLE_NONE && !ends) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) break;
        switch (event.type) {
        case YAML_ALIAS_EVENT:
            found = YAML_OBSTACLE_ALIAS;
            break;
        case YAML_SEQUENCE_START_EVENT:
        case YAML_MAPPING_START_EVENT:
            if (++depth > deepest) found = YAML_OBSTACLE_DEPTH;
            break;
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
            depth--;
            break;
        case YAML_STREAM_END_EVENT:
            ends = 1;
            break;
        default:
            break;
        }
        *line = event.start_mark.line + 1;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return found;
}
