using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Makes a failing question smaller: removes conditions, parts, rings and positions, and shortens numbers, as long as it still fails.
/// </summary>
internal static class GeometryShrinker
{
    private const int AttemptsMax = 300;

    /// <param name="question">A question that fails.</param>
    /// <param name="failsAsync">Whether a smaller one fails.</param>
    public static async Task<GeoQuestion> ShrinkAsync(GeoQuestion question, Func<GeoQuestion, Task<bool>> failsAsync)
    {
        for (int attempts = 0; attempts < AttemptsMax;)
        {
            GeoQuestion? smaller = null;
            foreach (GeoQuestion candidate in Smaller(question))
            {
                if (++attempts > AttemptsMax)
                {
                    break;
                }

                if (await failsAsync(candidate))
                {
                    smaller = candidate;
                    break;
                }
            }

            if (smaller is null)
            {
                break;
            }

            question = smaller;
        }

        return question;
    }

    private static IEnumerable<GeoQuestion> Smaller(GeoQuestion question)
    {
        if (question.Area is { Shape: var surface } area)
        {
            if (!question.NeedsArea)
            {
                yield return question with { Area = null };
            }

            foreach (GeoShape shape in surface is null ? [] : Smaller(surface))
            {
                yield return question with { Area = area with { Shape = shape } };
            }
        }

        if (question.Condition is { } condition)
        {
            if (question.Area is not null)
            {
                yield return question with { Condition = null };
            }

            foreach (GeoCondition smaller in Smaller(condition))
            {
                yield return question with { Condition = smaller };
            }
        }

        if (question.Target is not (GeoTarget.Requests or GeoTarget.Boundaries))
        {
            yield return question with { Target = GeoTarget.Requests };
        }
    }

    private static IEnumerable<GeoCondition> Smaller(GeoCondition condition)
    {
        switch (condition)
        {
            case GeoJoin join:
                foreach (GeoCondition part in join.Parts)
                {
                    yield return part;
                }

                for (int i = 0; i < join.Parts.Count; i++)
                {
                    foreach (GeoCondition part in Smaller(join.Parts[i]))
                    {
                        yield return join with { Parts = [.. join.Parts.Take(i), part, .. join.Parts.Skip(i + 1)] };
                    }
                }

                break;
            case GeoLeaf leaf:
                if (leaf.Buffer is not null)
                {
                    yield return leaf with { Buffer = null };
                }

                foreach (GeoShape shape in Smaller(leaf.Shape))
                {
                    yield return leaf with { Shape = shape };
                }

                break;
        }
    }

    private static IEnumerable<GeoShape> Smaller(GeoShape shape)
    {
        IReadOnlyList<IReadOnlyList<IReadOnlyList<Coordinate>>> parts = shape.Parts;
        foreach (IReadOnlyList<IReadOnlyList<IReadOnlyList<Coordinate>>> fewer in parts.Count > 1 ? Fewer(parts, 1) : [])
        {
            yield return shape with { Parts = fewer };
        }

        for (int p = 0; p < parts.Count; p++)
        {
            IReadOnlyList<IReadOnlyList<Coordinate>> part = parts[p];
            GeoShape With(IReadOnlyList<IReadOnlyList<Coordinate>> changed) =>
                shape with
                {
                    Parts = [.. parts.Take(p), changed, .. parts.Skip(p + 1)],
                };
            foreach (IReadOnlyList<IReadOnlyList<Coordinate>> fewer in part.Count > 1 ? Fewer(part, 1) : [])
            {
                yield return With(fewer);
            }

            for (int r = 0; r < part.Count; r++)
            {
                // A ring keeps its end, which repeats its first position.
                IReadOnlyList<Coordinate> open = shape.IsSurface ? [.. part[r].SkipLast(1)] : part[r];
                foreach (IReadOnlyList<Coordinate> fewer in open.Count > 1 ? Fewer(open, shape.IsSurface ? 3 : 1) : [])
                {
                    yield return With([.. part.Take(r), shape.IsSurface ? [.. fewer, fewer[0].Copy()] : fewer, .. part.Skip(r + 1)]);
                }
            }
        }

        foreach (int decimals in (int[])[3, 6, 9])
        {
            GeoShape rounded = shape.Map(c => new Coordinate(Math.Round(c.X, decimals), Math.Round(c.Y, decimals)));
            if (rounded.ToString().Length < shape.ToString().Length)
            {
                yield return rounded;
            }
        }
    }

    // Without a half, a quarter, … of the items.
    private static IEnumerable<IReadOnlyList<T>> Fewer<T>(IReadOnlyList<T> items, int least)
    {
        for (int length = items.Count / 2; length > 0; length /= 2)
        {
            for (int at = 0; at + length <= items.Count && items.Count - length >= least; at += length)
            {
                yield return [.. items.Take(at), .. items.Skip(at + length)];
            }
        }
    }
}
