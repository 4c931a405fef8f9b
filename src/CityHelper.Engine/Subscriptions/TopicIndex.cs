using System.Runtime.InteropServices;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Subscriptions;

/// <summary>
/// The streams of a tenant by what they ask for: by row, by the cells of their areas, and those of large areas or none. A change is judged
/// by the streams of its cells, and not by all. Used by one thread at a time.
/// </summary>
/// <param name="zooms">The zooms of the cells.</param>
internal sealed class TopicIndex(IReadOnlyList<int> zooms)
{
    private readonly HashSet<EventStream> _all = [];
    private readonly HashSet<EventStream> _everywhere = [];
    private readonly Dictionary<long, HashSet<EventStream>> _byRow = [];
    private readonly Dictionary<long, HashSet<EventStream>> _byCell = [];
    private readonly Dictionary<int, int> _filtered = [];

    /// <summary>All streams.</summary>
    public IReadOnlyCollection<EventStream> All => _all;

    /// <summary>The columns that some stream filters by.</summary>
    public IReadOnlyCollection<int> Filtered => _filtered.Keys;

    public void Add(EventStream stream)
    {
        _all.Add(stream);
        foreach (HashSet<EventStream> bucket in BucketsOf(stream.Topic))
        {
            bucket.Add(stream);
        }

        foreach (int column in stream.Topic.Where.Select(filter => filter.Column))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_filtered, column, out _)++;
        }
    }

    public void Remove(EventStream stream)
    {
        if (!_all.Remove(stream))
        {
            return;
        }

        _everywhere.Remove(stream);
        if (stream.Topic.RowKey is { } row)
        {
            Remove(_byRow, row, stream);
        }

        foreach (long cell in stream.Topic.Covering.Cells)
        {
            Remove(_byCell, cell, stream);
        }

        foreach (int column in stream.Topic.Where.Select(filter => filter.Column))
        {
            if (--CollectionsMarshal.GetValueRefOrAddDefault(_filtered, column, out _) == 0)
            {
                _filtered.Remove(column);
            }
        }
    }

    /// <summary>The streams that a change of a row may concern.</summary>
    public HashSet<EventStream> Of(RowChange change)
    {
        HashSet<EventStream> found = [.. _everywhere];
        if (change.RowKey is { } row)
        {
            AddTo(found, _byRow, row);
        }

        AddAt(found, change.Before);
        AddAt(found, change.After);
        return found;
    }

    /// <summary>The streams that what happens in some cells may concern, besides those of rows.</summary>
    public HashSet<EventStream> Touching(IReadOnlyList<long> cells)
    {
        HashSet<EventStream> found = [.. _everywhere];
        foreach (long cell in cells)
        {
            foreach (long at in zooms.SelectMany(zoom => GridCells.At(cell, zoom)))
            {
                AddTo(found, _byCell, at);
            }
        }

        return found;
    }

    /// <summary>The streams of a row.</summary>
    public IReadOnlyCollection<EventStream> OfRow(long row) => _byRow.GetValueOrDefault(row) ?? [];

    /// <summary>The streams of any row.</summary>
    public IEnumerable<EventStream> OfRows => _byRow.Values.SelectMany(streams => streams);

    private IEnumerable<HashSet<EventStream>> BucketsOf(Topic topic) =>
        topic.RowKey is { } row ? [Bucket(_byRow, row)]
        : topic.Covering.Known is { } cells ? cells.Select(cell => Bucket(_byCell, cell))
        : [_everywhere];

    private void AddAt(HashSet<EventStream> found, RowState? row)
    {
        if (row is { Longitude: { } longitude, Latitude: { } latitude })
        {
            foreach (int zoom in zooms)
            {
                AddTo(found, _byCell, GridCells.Of(longitude, latitude, zoom));
            }
        }
    }

    private static void AddTo(HashSet<EventStream> found, Dictionary<long, HashSet<EventStream>> buckets, long key)
    {
        if (buckets.TryGetValue(key, out HashSet<EventStream>? streams))
        {
            found.UnionWith(streams);
        }
    }

    private static HashSet<EventStream> Bucket(Dictionary<long, HashSet<EventStream>> buckets, long key)
    {
        if (!buckets.TryGetValue(key, out HashSet<EventStream>? streams))
        {
            buckets.Add(key, streams = []);
        }

        return streams;
    }

    private static void Remove(Dictionary<long, HashSet<EventStream>> buckets, long key, EventStream stream)
    {
        if (buckets.TryGetValue(key, out HashSet<EventStream>? streams) && streams.Remove(stream) && streams.Count == 0)
        {
            buckets.Remove(key);
        }
    }
}
