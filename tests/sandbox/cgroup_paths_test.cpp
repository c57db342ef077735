#define CAF_SUITE cgroup_paths

#include "sandbox/cgroup.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie::sandbox;

namespace {

constexpr const char hybrid[] =
  "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
  "35 31 0:32 /docker/ab /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup rw,memory\n"
  "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
  "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
  "not a line\n";

} // namespace

SCENARIO("control group mounts are found in mountinfo, joined controllers and escapes included") {
  const auto mounts = parse_cgroup_mounts(hybrid);
  REQUIRE_EQ(mounts.size(), 4u);
  CHECK(mounts[0] == (cgroup_mount{"/", "/sys/fs/cgroup/cpu,cpuacct", false, {"cpu", "cpuacct"}}));
  CHECK(mounts[1] == (cgroup_mount{"/docker/ab", "/sys/fs/cgroup/mem ory", false, {"memory"}}));
  CHECK(mounts[2].controllers.empty());
  CHECK(mounts[3].is_v2);
  CHECK(parse_cgroup_mounts("").empty());
}

SCENARIO("our own group is found per controller and for v2") {
  const char file[] =
    "8:cpu,cpuacct:/\n4:memory:/process_api/x\n1:name=systemd:/s\n0::/user.slice\n";
  CHECK_EQ(parse_membership(file, "memory").value_or("?"), "/process_api/x");
  CHECK_EQ(parse_membership(file, "cpuacct").value_or("?"), "/");
  CHECK_EQ(parse_membership(file, "").value_or("?"), "/user.slice");
  CHECK(!parse_membership(file, "pids"));
  CHECK(!parse_membership("garbage", "memory"));
}

SCENARIO("a group's directory is below the mount, when the mount shows it") {
  const cgroup_mount whole{"/", "/cg", true, {}};
  CHECK_EQ(directory_of(whole, "/").value_or("?"), "/cg");
  CHECK_EQ(directory_of(whole, "/a/b").value_or("?"), "/cg/a/b");
  const cgroup_mount part{"/docker/ab", "/cg", false, {"memory"}};
  CHECK_EQ(directory_of(part, "/docker/ab").value_or("?"), "/cg");
  CHECK_EQ(directory_of(part, "/docker/ab/c").value_or("?"), "/cg/c");
  CHECK(!directory_of(part, "/docker/abc"));
  CHECK(!directory_of(part, "/other"));
  CHECK(!directory_of(whole, "/../outside"));
  CHECK(!directory_of(whole, ""));
}

SCENARIO("a directory tells whose it is") {
  const instance one{4711, 99, 2};
  CHECK(parse_instance(format_instance(one)) == one);
  for (const char* name :
       {"coterie-", "coterie-1", "coterie-1-2", "coterie-x-1-1", "coterie-1--1", "coterie-0-1-1",
        "other-1-2-3", "coterie-1-2-3-4", "coterie-99999999999-1-1"})
    CHECK(!parse_instance(name));
}

SCENARIO("counters are found by their whole key") {
  const char text[] = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
  CHECK_EQ(find_counter(text, "oom_kill").value_or(99), 3u);
  CHECK(!find_counter(text, "oom"));
  CHECK(!find_counter("oom_kill x", "oom_kill"));
}

SCENARIO("processor time is capped only below what the machine has") {
  CHECK_EQ(cpu_quota_us(0.5, 2).value_or(0), quota_period_us / 2);
  CHECK_EQ(cpu_quota_us(1.0, 2).value_or(0), quota_period_us);
  CHECK(!cpu_quota_us(2.0, 2));
  CHECK(!cpu_quota_us(0, 2));
  CHECK_EQ(cpu_quota_us(0.001, 2).value_or(0), 1000u);
}
