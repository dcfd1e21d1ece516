/*
 * floor: what the kernel asks for looking at every file of a tree.
 *
 *	cc -O2 -pthread -o floor scripts/floor.c
 *	floor ROOT       two threads read all directories (getdents64) and the
 *	                 type and mtime of every file (statx, relative to the
 *	                 open directory); prints the number of regular files
 *	floor --lstat    lstats the NUL-delimited paths on stdin one after the
 *	                 other; prints the number of regular files
 *	floor --names ROOT >NAMES
 *	                 prints the names of all directories and regular files,
 *	                 for
 *	floor --known THREADS <NAMES
 *	                 no directory is read: its names are in memory. That many
 *	                 threads open each directory (O_PATH) and ask for its times
 *	                 (statx), and for the type and mtime of every file in it;
 *	                 prints the number of regular files
 *
 * Nothing is sorted, looked up or remembered: a tool that decides anything
 * about the files can only come close to it. Linux only.
 *
 * NAMES holds each directory's name, followed by one slash more than it lies
 * levels below ROOT, and then the names of its files; a NUL ends each.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 2, BUFFER = 64 * 1024, LEVELS = 2048 };

/* The record that getdents64 returns; the C library hides it. */
struct entry {
	unsigned long long ino;
	long long off;
	unsigned short len;
	unsigned char type;
	char name[];
};

/*
 * An open directory. It stays open until its last subdirectory has been
 * opened relative to it, which is cheaper than resolving a long path. Last
 * in, first out keeps the number of those waiting small.
 */
struct dir {
	int fd;
	int refs;
	struct dir *parent;
};

/* A directory still to be read, or whose names are known. */
struct todo {
	struct todo *next;
	struct dir *parent;
	const char *name;
	struct todo *subs, *last_sub;  /* known subdirectories */
	const char *files, *files_end; /* known files */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct todo *stack;
static int busy; /* threads that may still push */

/* new_todo makes one with no name, and with room for one behind it. */
static struct todo *new_todo(size_t room)
{
	struct todo *t = calloc(1, sizeof *t + room);
	if (!t)
		err(2, "calloc");
	return t;
}

/* take returns the next directory to read, NULL when all have been read. */
static struct todo *take(void)
{
	pthread_mutex_lock(&lock);
	while (!stack && busy)
		pthread_cond_wait(&changed, &lock);
	struct todo *t = stack;
	if (t) {
		stack = t->next;
		busy++;
	}
	pthread_mutex_unlock(&lock);
	return t;
}

/* push adds a chain of directories. */
static void push(struct todo *first, struct todo *last)
{
	if (!first)
		return;
	pthread_mutex_lock(&lock);
	last->next = stack;
	stack = first;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* finish says that a thread has pushed all subdirectories of what it took. */
static void finish(void)
{
	pthread_mutex_lock(&lock);
	if (!--busy)
		pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void release(struct dir *d)
{
	if (d && __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		close(d->fd);
		free(d);
	}
}

static struct dir *open_dir(struct todo *t, int how)
{
	struct dir *d = malloc(sizeof *d);
	if (!d)
		err(2, "malloc");
	d->refs = 1;
	d->fd = openat(t->parent ? t->parent->fd : AT_FDCWD, t->name,
		       how | O_DIRECTORY | O_CLOEXEC | (t->parent ? O_NOFOLLOW : 0));
	if (d->fd < 0)
		err(2, "%s", t->name);
	release(t->parent);
	return d;
}

static int is_regular(int fd, const char *name)
{
	struct statx st;
	if (statx(fd, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MTIME, &st) < 0)
		err(2, "%s", name);
	return S_ISREG(st.stx_mode);
}

/* read_dir counts the regular files of one directory. */
static long read_dir(struct todo *t, char *buffer)
{
	struct dir *d = open_dir(t, O_RDONLY);
	struct todo *first = NULL, *last = NULL;
	long files = 0, n;

	while ((n = syscall(SYS_getdents64, d->fd, buffer, BUFFER)) > 0) {
		for (long at = 0; at < n;) {
			struct entry *e = (struct entry *)(buffer + at);
			at += e->len;
			if (!strcmp(e->name, ".") || !strcmp(e->name, ".."))
				continue;
			if (e->type != DT_DIR) {
				files += is_regular(d->fd, e->name);
				continue;
			}
			struct todo *sub = new_todo(strlen(e->name) + 1);
			sub->name = strcpy((char *)(sub + 1), e->name);
			sub->parent = d;
			d->refs++;
			sub->next = first;
			first = sub;
			if (!last)
				last = sub;
		}
	}
	if (n < 0)
		err(2, "%s", t->name);
	push(first, last);
	finish();
	release(d);
	return files;
}

static void *walker(void *count)
{
	char *buffer = malloc(BUFFER);
	struct todo *t;
	if (!buffer)
		err(2, "malloc");
	while ((t = take())) {
		*(long *)count += read_dir(t, buffer);
		free(t);
	}
	free(buffer);
	return NULL;
}

/* run_threads lets n threads work and adds up what they count. */
static long run_threads(int n, void *(*work)(void *))
{
	pthread_t threads[n];
	long counts[n], files = 0;

	for (int i = 0; i < n; i++) {
		counts[i] = 0;
		if ((errno = pthread_create(&threads[i], NULL, work, &counts[i])))
			err(2, "pthread_create");
	}
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		files += counts[i];
	}
	return files;
}

static long walk(const char *root)
{
	stack = new_todo(0);
	stack->name = root;
	return run_threads(THREADS, walker);
}

/* stat_dir does the same with names that are known. */
static long stat_dir(struct todo *t)
{
	struct dir *d = open_dir(t, O_PATH);
	struct statx st;
	long files = 0;

	for (struct todo *sub = t->subs; sub; sub = sub->next) {
		sub->parent = d;
		d->refs++;
	}
	push(t->subs, t->last_sub);
	finish();
	if (statx(d->fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MTIME | STATX_CTIME, &st) < 0)
		err(2, "%s", t->name);
	for (const char *name = t->files; name < t->files_end; name += strlen(name) + 1)
		files += is_regular(d->fd, name);
	release(d);
	return files;
}

static void *knower(void *count)
{
	struct todo *t;
	while ((t = take()))
		*(long *)count += stat_dir(t);
	return NULL;
}

/* hang makes a directory the last subdirectory of another. */
static void hang(struct todo *sub, struct todo *below)
{
	if (below->last_sub)
		below->last_sub->next = sub;
	else
		below->subs = sub;
	below->last_sub = sub;
}

/* parse makes the directories of what --names has printed, and returns the root. */
static struct todo *parse(const char *names, const char *end)
{
	static struct todo *path[LEVELS];
	struct todo *t = NULL;

	for (size_t len; names < end; names += len + 1) {
		int level = -1;
		len = strlen(names);
		while (level + 1 < (int)len && names[len - level - 2] == '/')
			level++;
		if (level >= 0) {
			int at = t ? level : 0;
			if (at >= LEVELS || (t && (!at || !path[at - 1])))
				errx(2, "stdin: not what --names prints");
			t = path[at] = new_todo(0);
			t->name = names;
			t->files = names + len + 1;
			if (at)
				hang(t, path[at - 1]);
		}
		if (!t)
			errx(2, "stdin: not what --names prints");
		t->files_end = names + len + 1;
	}
	return path[0];
}

static long known(int threads)
{
	struct stat st;

	if (threads < 1)
		errx(2, "--known: not a number of threads");
	if (fstat(0, &st) < 0)
		err(2, "stdin");
	char *names = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, 0, 0);
	if (names == MAP_FAILED)
		err(2, "stdin, which must be a file with names");
	if (names[st.st_size - 1])
		errx(2, "stdin: not what --names prints");
	stack = parse(names, names + st.st_size);
	return run_threads(threads, knower);
}

/* files_first sorts by name, directories last. */
static int files_first(const FTSENT **a, const FTSENT **b)
{
	int order = ((*a)->fts_info == FTS_D) - ((*b)->fts_info == FTS_D);
	return order ? order : strcmp((*a)->fts_name, (*b)->fts_name);
}

static int print_names(char *root)
{
	char *roots[] = {root, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, files_first);
	FTSENT *e;

	if (!tree)
		err(2, "%s", root);
	while ((errno = 0, e = fts_read(tree))) {
		switch (e->fts_info) {
		case FTS_D:
			printf("%s", e->fts_level ? e->fts_name : e->fts_path);
			for (int i = 0; i <= e->fts_level; i++)
				putchar('/');
			putchar(0);
			break;
		case FTS_F:
			printf("%s%c", e->fts_name, 0);
			break;
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			errno = e->fts_errno;
			err(2, "%s", e->fts_path);
		}
	}
	if (errno)
		err(2, "%s", root);
	return fclose(stdout) ? 2 : 0;
}

static long lstat_stdin(void)
{
	char *path = NULL;
	size_t room = 0;
	long files = 0;
	struct stat st;

	while (getdelim(&path, &room, 0, stdin) > 0) {
		if (lstat(path, &st) < 0)
			err(2, "%s", path);
		files += S_ISREG(st.st_mode);
	}
	if (ferror(stdin))
		err(2, "stdin");
	free(path);
	return files;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (argc == 3 && !strcmp(mode, "--names"))
		return print_names(argv[2]);
	if (argc == 3 && !strcmp(mode, "--known"))
		printf("%ld\n", known(atoi(argv[2])));
	else if (argc == 2)
		printf("%ld\n", strcmp(mode, "--lstat") ? walk(mode) : lstat_stdin());
	else
		errx(2, "usage: floor ROOT | --lstat | --names ROOT | --known THREADS");
	return 0;
}
