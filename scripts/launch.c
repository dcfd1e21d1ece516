/*
 * launch: run a command and tell what it cost.
 *
 *	cc -O2 -o launch scripts/launch.c
 *	launch COMMAND [ARG...] 3>RESULT
 *
 * Writes one line to descriptor 3: wall nanoseconds (from before the process
 * is made until it has been waited for), user and system microseconds, peak
 * resident KiB, exit status.
 *
 * The benchmark does not start its commands itself because the kernel counts
 * the memory of the process that execs into the peak of what it becomes: a
 * command started by a Go program is never seen below that program's own ten
 * megabytes. This one leaves a trace of one megabyte.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long micros(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv)
{
	pid_t pid;
	int status;
	struct rusage use;

	if (argc < 2)
		errx(2, "usage: launch COMMAND [ARG...] 3>RESULT");
	if (fcntl(3, F_SETFD, FD_CLOEXEC) < 0)
		err(2, "descriptor 3");
	long long start = now();
	if ((errno = posix_spawnp(&pid, argv[1], NULL, NULL, argv + 1, environ)))
		err(2, "%s", argv[1]);
	while (wait4(pid, &status, 0, &use) < 0)
		if (errno != EINTR)
			err(2, "wait4");
	long long wall = now() - start;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (dprintf(3, "%lld %lld %lld %ld %d\n", wall, micros(use.ru_utime),
		    micros(use.ru_stime), use.ru_maxrss, code) < 0)
		err(2, "descriptor 3");
	return 0;
}
