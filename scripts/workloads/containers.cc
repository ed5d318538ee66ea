// Work for a C++ compiler: templates of the standard library and their instances.
#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

template <int N> struct item {
    std::map<std::string, std::vector<int>> index;

    void add(const std::string &key, int number)
    {
        index[key].push_back(number * N);
        std::sort(index[key].begin(), index[key].end());
    }
};

template <int N> int use()
{
    std::map<int, std::shared_ptr<item<N>>> table;
    for (int i = 0; i < N; i++) {
        std::ostringstream name;
        name << "item " << i;
        table[i] = std::make_shared<item<N>>();
        table[i]->add(name.str(), i);
    }
    return static_cast<int>(table.size());
}

int main()
{
    return use<3>() + use<5>();
}
