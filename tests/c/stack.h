/*
 * The layers whose runs' stack is measured on a Cortex-M: it is painted before a run and looked at after. What counts lies below the frame of
 * the caller.
 */
#ifndef STACK_H
#define STACK_H

#include "../../examples/c/digits/cortex_m.h"
#include <microconv.h>
#include <stdio.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The most elements of any array. */
enum { MOST = 4096 };

static const struct {
    const char *name;
    microconv_geometry geometry;
} layers[] = {
    {"dense", {1, {1, 8, 8}, 16, 20, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"dense of ragged channels", {1, {1, 9, 8}, 3, 20, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"long dense of ragged channels", {2, {1, 5, 5}, 13, 5, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"dense, a long window", {1, {1, 5, 5}, 24, 4, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"grouped, dilated", {1, {1, 9, 8}, 8, 12, {1, 3, 3}, {1, 1, 1}, {1, 2, 2}, 2, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"three axes", {1, {3, 5, 5}, 4, 4, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"1x1", {1, {1, 5, 5}, 72, 40, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_VALID, {{0, 0}, {0, 0}, {0, 0}}}},
    {"depthwise 3x3", {1, {1, 8, 8}, 16, 16, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 16, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"depthwise 5x5", {1, {1, 8, 8}, 9, 9, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, 9, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"depthwise with two filters a channel", {1, {1, 8, 8}, 6, 12, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 6, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
};

static unsigned larger(unsigned a, unsigned b) {
    return a > b ? a : b;
}

#endif
