using System.Collections.Concurrent;
using CityHelper.Data.Changes;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>What the change log's follower of one server was told, and where that broke a promise.</summary>
/// <param name="name">The server, for messages.</param>
internal sealed class FollowerRecord(string name) : IChangeObserver
{
    private readonly Lock _gate = new();
    private readonly Dictionary<short, City> _cities = [];
    private readonly ConcurrentQueue<string> _broken = new();

    /// <summary>Broken promises: an event that was not the next, or a city read anew without an epoch.</summary>
    public IReadOnlyCollection<string> Broken => _broken;

    /// <summary>How often cities were read anew, over all cities.</summary>
    public int Resets
    {
        get
        {
            lock (_gate)
            {
                return _cities.Values.Sum(city => city.Resets);
            }
        }
    }

    /// <summary>The last position of a city.</summary>
    public ChangePosition Last(short cityId)
    {
        lock (_gate)
        {
            return _cities.TryGetValue(cityId, out City? city) ? city.Last : default;
        }
    }

    /// <summary>The events of a city since it was last read anew, with those that were read then.</summary>
    public IReadOnlyList<ChangeEvent> Events(short cityId)
    {
        lock (_gate)
        {
            return [.. _cities[cityId].Events];
        }
    }

    public void Apply(ChangeEvent change)
    {
        lock (_gate)
        {
            if (!_cities.TryGetValue(change.CityId, out City? city))
            {
                _broken.Enqueue($"{name}: an event of city {change.CityId}, of which nothing was read");
                return;
            }

            if (change.Epoch != city.Last.Epoch || change.Number != city.Last.Number + 1)
            {
                _broken.Enqueue($"{name}: event {change.Epoch}-{change.Number} of city {change.CityId} behind {city.Last}");
            }

            city.Events.Add(change);
            city.Last = change.Position;
        }
    }

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent)
    {
        lock (_gate)
        {
            if (_cities.TryGetValue(cityId, out City? known) && position.Epoch <= known.Last.Epoch)
            {
                _broken.Enqueue($"{name}: city {cityId} was read anew at {position} behind {known.Last}, in one epoch");
            }

            _cities[cityId] = new([.. recent], position, (known?.Resets ?? 0) + 1);
        }
    }

    private sealed class City(List<ChangeEvent> events, ChangePosition last, int resets)
    {
        public List<ChangeEvent> Events { get; } = events;

        public ChangePosition Last { get; set; } = last;

        public int Resets { get; } = resets;
    }
}
