/* The least a mirror can do, as an nbdkit plugin: every write goes to two files, every read comes from the
 * first. No log, no recovery, no failure handling, nothing ordered. A yardstick, not a product.
 *   nbdkit ./plain-mirror.so first=FILE second=FILE
 */
#define NBDKIT_API_VERSION 2
#include <errno.h>
#include <fcntl.h>
#include <nbdkit-plugin.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#define LEGS 2

static const char *names[LEGS] = { "first", "second" };
static char *paths[LEGS];
static int legs[LEGS] = { -1, -1 };

static int take_config(const char *key, const char *value)
{
  for (int leg = 0; leg < LEGS; leg++)
    if (strcmp(key, names[leg]) == 0)
      return (paths[leg] = nbdkit_realpath(value)) ? 0 : -1;
  nbdkit_error("no such parameter: %s", key);
  return -1;
}

static int open_legs(void)
{
  for (int leg = 0; leg < LEGS; leg++) {
    if (!paths[leg] || (legs[leg] = open(paths[leg], O_RDWR | O_CLOEXEC)) < 0) {
      nbdkit_error("%s: %m", names[leg]);
      return -1;
    }
  }
  return 0;
}

static void *connected(int readonly) { return NBDKIT_HANDLE_NOT_NEEDED; }

static int64_t size_of(void *handle)
{
  struct stat found;
  return fstat(legs[0], &found) < 0 ? -1 : (int64_t)found.st_size;
}

static int yes(void *handle) { return 1; }

static int read_first(void *handle, void *into, uint32_t count, uint64_t offset, uint32_t flags)
{
  char *at = into;
  while (count > 0) {
    ssize_t got = pread(legs[0], at, count, offset);
    if (got <= 0) {
      nbdkit_error("pread: %m");
      return -1;
    }
    at += got;
    offset += got;
    count -= got;
  }
  return 0;
}

static int write_one(int leg, const char *from, uint32_t count, uint64_t offset)
{
  while (count > 0) {
    ssize_t put = pwrite(legs[leg], from, count, offset);
    if (put < 0) {
      nbdkit_error("pwrite: %m");
      return -1;
    }
    from += put;
    offset += put;
    count -= put;
  }
  return 0;
}

static int write_all(void *handle, const void *from, uint32_t count, uint64_t offset, uint32_t flags)
{
  for (int leg = 0; leg < LEGS; leg++)
    if (write_one(leg, from, count, offset) < 0)
      return -1;
  return 0;
}

static int flush_all(void *handle, uint32_t flags)
{
  for (int leg = 0; leg < LEGS; leg++)
    if (fdatasync(legs[leg]) < 0) {
      nbdkit_error("fdatasync: %m");
      return -1;
    }
  return 0;
}

static struct nbdkit_plugin plugin = {
  .name = "plain-mirror",
  .config = take_config,
  .get_ready = open_legs,
  .open = connected,
  .get_size = size_of,
  .can_multi_conn = yes,
  .pread = read_first,
  .pwrite = write_all,
  .flush = flush_all,
};

NBDKIT_REGISTER_PLUGIN(plugin)
