using CityHelper.Engine;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <content>Geometries that are hardly any: next to nothing in size, thin, of equal positions, empty, or as large as the world.</content>
internal sealed partial class GeoShapes
{
    private GeoShape Tiny(int n)
    {
        Coordinate anchor = _dice.Chance(60) ? new Coordinate(0, 0) : Anchor();
        double unit = _dice.Pick([1e-15, 1e-15, double.Epsilon, 1e-13, 1e-300, 3e-15]);
        Coordinate Place() => At(anchor, _dice.Between(-8, 8) * unit, _dice.Between(-8, 8) * unit);
        return _dice.Below(4) switch
        {
            0 => GeoShape.Polygon(Rectangle(anchor, 4 * unit, 4 * unit)),
            1 => GeoShape.Polygon(Closed(Enumerable.Range(0, Math.Max(3, n)).Select(i =>
            {
                (double sin, double cos) = Math.SinCos(i * 2 * Math.PI / Math.Max(3, n));
                return At(anchor, 8 * unit * cos, 8 * unit * sin);
            }))),
            2 => GeoShape.Line([.. Enumerable.Range(0, Math.Max(2, n)).Select(_ => Place())]),
            _ => GeoShape.Points([.. Enumerable.Range(0, n).Select(_ => Place())]),
        };
    }

    private GeoShape Sliver(int n)
    {
        (Coordinate a, double size) = (Anchor(), Size());
        double thin = size * Math.Pow(10, -16 + 14 * _dice.Fraction());
        int side = Math.Max(1, n / 2);
        return GeoShape.Polygon(Closed(
        [
            .. Enumerable.Range(0, side + 1).Select(i => At(a, size * i / side, thin * i / side)),
            .. Enumerable.Range(0, side).Select(i => At(a, size - size * i / side, thin * (2 - (double)i / side))),
        ]));
    }

    private GeoShape Repeated(int n)
    {
        (Coordinate a, Coordinate b) = (Anchor(), Anchor());
        return _dice.Below(4) switch
        {
            0 => GeoShape.Line([.. Enumerable.Range(0, Math.Max(2, n)).Select(_ => a.Copy())]),
            1 => GeoShape.Lines(Enumerable.Range(0, Math.Max(1, n / 2)).Select(_ => (IReadOnlyList<Coordinate>)[a.Copy(), b.Copy()])),
            2 => GeoShape.Points([.. Enumerable.Range(0, n).Select(_ => a.Copy())]),
            _ => GeoShape.Polygon(
                Closed([.. Enumerable.Range(0, Math.Max(1, n)).Select(_ => a.Copy()), At(a, Size(), 0), At(a, 0, Size())])),
        };
    }

    private GeoShape Empty(int n) =>
        _dice.Below(4) switch
        {
            0 => new(
                "MultiPoint",
                [
                    [
                        [],
                    ],
                ]),
            1 => new(
                "Polygon",
                [
                    [],
                ]),
            2 => new("MultiLineString", []),
            _ => new(
                "MultiPolygon",
                n > 100 ? [.. Enumerable.Repeat(Array.Empty<IReadOnlyList<Coordinate>>(), Math.Min(n, Limits.GeometryRingsMax))] : []),
        };

    private GeoShape Collection(int n) =>
        new(
            "GeometryCollection",
            [],
            [.. Enumerable.Range(0, _dice.Below(3)).Select(_ => _dice.Chance(50) ? Box(4) : Points(Math.Min(n, 50)))]);

    private GeoShape World(int n) =>
        _dice.Below(4) switch
        {
            0 => GeoShape.Polygon(Rectangle(new Coordinate(-180, -90), 360, 180)),
            1 => GeoShape.Polygon(Rectangle(Anchor(), _dice.Pick([10, 10.000001, 90]), 1)),
            2 => GeoShape.Line([
                .. Enumerable
                    .Range(0, Math.Max(2, n))
                    .Select(i => new Coordinate(i % 2 == 0 ? -180 : 180, Math.Clamp(-90 + i * 180.0 / n, -90, 90))),
            ]),
            _ => GeoShape.Polygon(Rectangle(new Coordinate(179, 9), 1, 2)),
        };
}
