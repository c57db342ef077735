#define CAF_SUITE room_judge

#include "actors/room_judge.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;

namespace {

struct fixture {
  void submit(std::string code) {
    if (auto done = judge.submit({"python", std::move(code), ""}); !done)
      refused.push_back(std::string(to_string(done.why().code)));
  }
  /// The one under way is accepted.
  job_id accept() {
    const auto id = job_id::random();
    answers.back()(id);
    return id;
  }
  void end(job_id id, run_result result = {}) {
    job_view view;
    view.id = id;
    view.result = std::move(result);
    judge.on_ended(view);
  }

  std::vector<std::string> begun;
  std::vector<room_judge::answer> answers;
  std::vector<code_judged> told;
  std::vector<std::string> refused;
  room_judge judge{{[this](const judge_code& wanted, room_judge::answer then) {
                      begun.push_back(wanted.code);
                      answers.push_back(std::move(then));
                    },
                    [this](event what) { told.push_back(std::get<code_judged>(what)); }}};
  using list = std::vector<std::string>;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("programs run one after the other in the order of asking") {
  submit("1");
  submit("2");
  CHECK(begun == list{"1"});
  const auto first = accept();
  end(job_id::random()); // somebody else's
  CHECK(begun == list{"1"});
  end(first);
  CHECK((begun == list{"1", "2"}));
  end(accept());
  CHECK_EQ(told.size(), 2u);
  CHECK(!judge.is_busy());
}

SCENARIO("what both streams wrote is told as it came, without the compiler's words") {
  submit("1");
  const auto id = accept();
  judge.on_output({id, sandbox::stream::err, "warning!"});
  judge.on_output({id, sandbox::stream::out, "a"});
  judge.on_output({job_id::random(), sandbox::stream::out, "other"});
  judge.on_output({id, sandbox::stream::err, "b"});
  judge.on_output({id, sandbox::stream::out, "c"});
  run_result result;
  result.compile.emplace();
  result.compile->err = "warning!";
  end(id, result);
  CHECK_EQ(told.at(0).output, "abc");
}

SCENARIO("a program that is not accepted is told of and the next one runs") {
  submit("1");
  submit("2");
  answers.back()(failure{errc::queue_full, "too many"});
  CHECK_EQ(told.at(0).why_not, "too many");
  CHECK(!told.at(0).run.has_value());
  CHECK((begun == list{"1", "2"}));
}

SCENARIO("what waits is bounded in number and in size") {
  for (std::size_t i = 0; i <= judge_bounds::waiting_max; ++i)
    submit("x");
  CHECK(refused.empty());
  submit("x");
  CHECK(refused == list{"queue_full"});
  end(accept());
  submit("x");
  CHECK_EQ(refused.size(), 1u);
  end(accept());
  submit(std::string(judge_bounds::waiting_bytes_max, 'x'));
  CHECK_EQ(refused.size(), 2u);
}

SCENARIO("a flood of output is cut") {
  submit("1");
  const auto id = accept();
  for (int i = 0; i < 3; ++i)
    judge.on_output({id, sandbox::stream::out, std::string(700'000, 'x')});
  end(id);
  CHECK_EQ(told.at(0).output.size(), judge_bounds::output_bytes_max);
}

END_FIXTURE_SCOPE()
