#pragma once

#include <stddef.h>

/// What a document has that the Swift library Yams cannot read in a time proportionate to the document's size.
enum yaml_obstacle {
    YAML_OBSTACLE_NONE,
    YAML_OBSTACLE_ALIAS,
    YAML_OBSTACLE_DEPTH,
};

/// Finds the first alias, and the first list or mapping that is nested more deeply than `deepest`. A document that is not
/// YAML has no obstacle from its mistake on. Reads the text with the parser that Yams itself uses, libyaml, which Yams does
/// not export to Swift.
///
/// `line` gets the line of the obstacle, from 1.
enum yaml_obstacle yaml_first_obstacle(const unsigned char *text, size_t size, int deepest, size_t *line);
