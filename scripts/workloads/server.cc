// A small server without a network: requests are read by one thread, answered by several,
// and written by one more. Blocks are made in one thread and freed in another; answers
// are kept in a cache that all share. Twice in a run the workers change.
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

template <typename T> class Queue
{
  public:
    void put(T item)
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return items.size() < 128; });
        items.push_back(std::move(item));
        changed.notify_all();
    }

    bool take(T &item)
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return !items.empty() || closed; });
        if (items.empty()) {
            return false;
        }
        item = std::move(items.front());
        items.pop_front();
        changed.notify_all();
        return true;
    }

    void close()
    {
        std::lock_guard lock(mutex);
        closed = true;
        changed.notify_all();
    }

  private:
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<T> items;
    bool closed = false;
};

// The answers asked for last, whoever made them.
class Cache
{
  public:
    std::shared_ptr<std::string> find(const std::string &key)
    {
        std::lock_guard lock(mutex);
        const auto found = places.find(key);
        return found == places.end() ? nullptr : found->second->second;
    }

    void put(const std::string &key, std::shared_ptr<std::string> answer)
    {
        std::lock_guard lock(mutex);
        if (places.count(key) != 0) {
            return;
        }
        answers.emplace_front(key, std::move(answer));
        places[key] = answers.begin();
        if (answers.size() > 500) {
            places.erase(answers.back().first);
            answers.pop_back();
        }
    }

  private:
    std::mutex mutex;
    std::list<std::pair<std::string, std::shared_ptr<std::string>>> answers;
    std::unordered_map<std::string, decltype(answers)::iterator> places;
};

struct Request
{
    std::string line;
    std::vector<std::string> fields;
};

static std::shared_ptr<std::string> answer(const Request &request)
{
    std::map<std::string, int> counts;
    for (const auto &field : request.fields) {
        counts[field]++;
    }
    std::ostringstream text;
    for (const auto &[field, count] : counts) {
        text << "{\"" << field << "\": " << count << "}, ";
    }
    return std::make_shared<std::string>(text.str());
}

static void work(Queue<std::unique_ptr<Request>> &requests,
                 Queue<std::shared_ptr<std::string>> &answers, Cache &cache)
{
    std::unique_ptr<Request> request;
    while (requests.take(request)) {
        const std::string key = request->line.substr(0, 10);
        auto made = cache.find(key);
        if (made == nullptr) {
            made = answer(*request);
            cache.put(key, made);
        }
        answers.put(std::move(made));
        request.reset();
    }
}

static std::unique_ptr<Request> parse(const std::string &line)
{
    auto request = std::make_unique<Request>();
    request->line = line;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
        request->fields.push_back(word + "=" + std::to_string(word.size()));
    }
    return request;
}

int main(int argc, char **argv)
{
    std::ifstream text(argc > 1 ? argv[1] : "text.txt");
    const size_t limit = argc > 2 ? std::stoul(argv[2]) : 1000;
    Cache cache;
    size_t bytes = 0;
    for (int session = 0; session < 3; session++) {
        Queue<std::unique_ptr<Request>> requests;
        Queue<std::shared_ptr<std::string>> answers;
        std::vector<std::thread> workers;
        for (int i = 0; i < 3; i++) {
            workers.emplace_back([&] { work(requests, answers, cache); });
        }
        std::thread writer([&] {
            std::shared_ptr<std::string> made;
            while (answers.take(made)) {
                bytes += made->size();
                made.reset();
            }
        });
        std::string line;
        for (size_t i = 0; i < limit && std::getline(text, line); i++) {
            requests.put(parse(line));
        }
        requests.close();
        for (auto &worker : workers) {
            worker.join();
        }
        answers.close();
        writer.join();
    }
    std::cout << bytes << '\n';
}
