/* The first process of the machine that .ci/avx512 emulates. Runs /jobs/0/program, /jobs/1/program and so on, each with the words of
   its file `words` and those of /environment, all ended by a zero byte. What a program prints goes to the first serial port; how it
   ended, one line each, to the second, which programs do not have: a number of 128 and up is a signal, as in a shell. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int serial(const char *path) {
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios settings;
    if (tcgetattr(fd, &settings) == 0) {
        cfmakeraw(&settings);
        cfsetspeed(&settings, B115200);
        tcsetattr(fd, TCSANOW, &settings);
    }
    return fd;
}

/* The words of a file, and null. */
static char **words(const char *path) {
    enum { SPACE = 1 << 16 };
    char *text = calloc(SPACE, 1), **list = calloc(SPACE, sizeof *list);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, SPACE - 1);
    close(fd);
    int count = 0;
    for (ssize_t at = 0; at < length; at++)
        if (at == 0 || text[at - 1] == 0) list[count++] = text + at;
    return list;
}

static int run(int job, char **environment) {
    char program[64], list[64];
    snprintf(program, sizeof program, "/jobs/%d/program", job);
    snprintf(list, sizeof list, "/jobs/%d/words", job);
    pid_t child = fork();
    if (child == 0) {
        execve(program, words(list), environment);
        perror(program);
        _exit(127);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* An emulated machine may start the same every time; the host gave some randomness. */
static void stir(void) {
    char seed[64];
    int from = open("/seed", O_RDONLY), to = open("/dev/urandom", O_WRONLY);
    if (read(from, seed, sizeof seed) != sizeof seed || write(to, seed, sizeof seed) != sizeof seed) perror("/seed");
    close(from);
    close(to);
}

int main(void) {
    mount("proc", "/proc", "proc", 0, 0);
    mount("sysfs", "/sys", "sysfs", 0, 0);
    mount("devtmpfs", "/dev", "devtmpfs", 0, 0);
    mount("tmpfs", "/tmp", "tmpfs", 0, 0);
    int output = serial("/dev/ttyS0"), result = serial("/dev/ttyS1");
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0);
    dup2(output, 1);
    dup2(output, 2);
    stir();
    char **environment = words("/environment"), path[64];
    for (int job = 0;; job++) {
        snprintf(path, sizeof path, "/jobs/%d/program", job);
        if (access(path, F_OK) != 0) break;
        int status = run(job, environment);
        tcdrain(output);
        dprintf(result, "%d %d\n", job, status);
        tcdrain(result);
    }
    /* Bochs ends when it reads this word. */
    iopl(3);
    for (const char *word = "Shutdown"; *word; word++) outb(*word, 0x8900);
    for (;;) pause();
}
